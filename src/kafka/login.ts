/**
 * Logging in to a broker. Only a refusal of the credentials is an authentication error, which is final; all else that
 * fails is an error of the connection, which is tried again (see kafkajs/logins.ts).
 */
import kafkajs, { type AuthenticationProviderArgs, type Authenticator, type Mechanism } from 'kafkajs';
import { messageOf } from '../ports/errors.ts';
import { type LoginRecord, recordOf } from './login-record.ts';
import { LoginRefused } from './login-refused.ts';

export interface LoginOptions {
  /** As brokers call it, in small letters. */
  readonly mechanism: string;
  /** The user, for messages and to identify the login: no secret. */
  readonly who: string;
  /** What to do where the brokers refuse it. */
  readonly help: string;
  /** Begins one login, with what the secrets are now. */
  readonly begin: (args: AuthenticationProviderArgs) => Promise<Authenticator>;
}

/** What KafkaJS gets as its `sasl`. */
export class Login implements Mechanism {
  readonly mechanism: string;
  readonly #options: LoginOptions;
  readonly #record: LoginRecord;

  /** @param place which cluster it is for */
  constructor(options: LoginOptions, place: string) {
    this.mechanism = options.mechanism;
    this.#options = options;
    this.#record = recordOf(`${options.mechanism} ${options.who} ${place}`);
  }

  authenticationProvider = (args: AuthenticationProviderArgs): Authenticator => ({
    authenticate: async () => {
      // KafkaJS keeps only the message of an error.
      let broken: unknown;
      const saslAuthenticate: typeof args.saslAuthenticate = async (given) => {
        try {
          return await args.saslAuthenticate(given);
        } catch (error) {
          broken = error;
          throw error;
        }
      };
      const login = await this.#options.begin({ ...args, saslAuthenticate });
      try {
        await login.authenticate();
      } catch (error) {
        throw broken ?? error;
      }
    },
  });

  /** A broker has let it in. */
  accepted(): void {
    this.#record.accepted();
  }

  /** What a failed login comes to: LoginRefused, or an error of the connection, which is tried again. */
  judge(error: unknown, broker: string): Error {
    const { who, help, mechanism } = this.#options;
    const reason = messageOf(error);
    if (!isRefusal(error)) return broken(`the login at ${broker} did not come to an end: ${reason}`, broker);
    const refused =
      error instanceof LoginRefused
        ? `no login at ${broker} for ${who}: ${reason}`
        : `${broker} refused the login of ${who} by ${mechanism}: ${reason}`;
    const left = this.#record.refused();
    if (left > 0) {
      return broken(`${refused} (it was right before: tried again for ${Math.ceil(left / 1_000)} s)`, broker);
    }
    return new LoginRefused(refused, helpIn(error) ?? help, { cause: error });
  }
}

const UNSUPPORTED = 'UNSUPPORTED_SASL_MECHANISM';

function isRefusal(error: unknown): boolean {
  const { name, type } = error as { readonly name?: string; readonly type?: string };
  return name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED' || type === UNSUPPORTED;
}

/** What to do, where it is not the credentials that are wrong. */
function helpIn(error: unknown): string | undefined {
  if (error instanceof LoginRefused) return error.help;
  if ((error as { readonly type?: string }).type !== UNSUPPORTED) return undefined;
  return 'set kafka.sasl.mechanism to one the brokers know';
}

/** After this error KafkaJS, and all that is built on it, connects anew. */
function broken(message: string, broker: string): Error {
  return new kafkajs.KafkaJSConnectionError(message, { broker });
}
