import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs';
import plain from 'kafkajs/src/broker/saslAuthenticator/plain.js';
import scram256 from 'kafkajs/src/broker/saslAuthenticator/scram256.js';
import scram512 from 'kafkajs/src/broker/saslAuthenticator/scram512.js';
import { readSecret, type Secret } from '../secrets/secret.ts';
import type { LoginOptions } from './login.ts';

const PROVIDERS = { plain, 'scram-sha-256': scram256, 'scram-sha-512': scram512 } as const;

export type PasswordMechanism = keyof typeof PROVIDERS;

export function isPasswordMechanism(mechanism: string): mechanism is PasswordMechanism {
  return Object.hasOwn(PROVIDERS, mechanism);
}

/** A login by a password. */
export function passwordLogin(mechanism: PasswordMechanism, username: string, password: Secret): LoginOptions {
  return {
    mechanism,
    who: `user ${username}`,
    help: 'correct kafka.sasl.username and kafka.sasl.password, or the file that holds the password',
    begin: async (args: AuthenticationProviderArgs): Promise<Authenticator> =>
      PROVIDERS[mechanism]({ username, password: readSecret(password) ?? '' })(args),
  };
}
