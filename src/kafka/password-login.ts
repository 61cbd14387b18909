import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs';
import { readSecret, type Secret } from '../secrets/secret.ts';
import { PASSWORD_PROVIDERS } from './kafkajs/password-providers.ts';
import type { LoginOptions } from './login.ts';

export type PasswordMechanism = keyof typeof PASSWORD_PROVIDERS;

export function isPasswordMechanism(mechanism: string): mechanism is PasswordMechanism {
  return Object.hasOwn(PASSWORD_PROVIDERS, mechanism);
}

/** A login by a password. */
export function passwordLogin(mechanism: PasswordMechanism, username: string, password: Secret): LoginOptions {
  return {
    mechanism,
    who: `user ${username}`,
    help: 'correct kafka.sasl.username and kafka.sasl.password, or the file that holds the password',
    begin: async (args: AuthenticationProviderArgs): Promise<Authenticator> =>
      PASSWORD_PROVIDERS[mechanism]({ username, password: readSecret(password) ?? '' })(args),
  };
}
