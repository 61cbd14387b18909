/**
 * KafkaJS's logins by a password, which it does not export: ours reads the password anew for each login. Written for
 * KafkaJS 2.2.4; held by test/kafka/login.unit.test.ts.
 */
import plain from 'kafkajs/src/broker/saslAuthenticator/plain.js';
import scram256 from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import scram512 from 'kafkajs/src/broker/saslAuthenticator/scram512.js';

export const PASSWORD_PROVIDERS = { plain, 'scram-sha-256': scram256, 'scram-sha-512': scram512 } as const;
