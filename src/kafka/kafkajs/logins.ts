/**
 * KafkaJS calls whatever goes wrong in a login an authentication error, which nothing tries again: a connection that
 * breaks just then would end the processor. Here our logins judge what a failure means.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/login.unit.test.ts.
 */
import SASLAuthenticator from 'kafkajs/src/broker/saslAuthenticator/index.js';
import { Login } from '../login.ts';

const authenticate = SASLAuthenticator.prototype.authenticate;

/** Has our logins judge their failures. May be called any number of times. */
export function judgeLogins(): void {
  SASLAuthenticator.prototype.authenticate = async function () {
    const { connection } = this;
    const { sasl } = connection;
    if (!(sasl instanceof Login)) return authenticate.call(this);
    try {
      await authenticate.call(this);
    } catch (error) {
      const judged = sasl.judge(error, `${connection.host}:${connection.port}`);
      // The state of this connection at the broker is unknown.
      connection.rejectRequests(judged);
      void connection.disconnect();
      throw judged;
    }
    sasl.accepted();
  };
}
