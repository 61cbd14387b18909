import type { Settings } from '../settings/index.ts';
import { Login, type LoginOptions } from './login.ts';
import { isPasswordMechanism, passwordLogin } from './password-login.ts';
import { clientLogin, mskLogin, tokenLogin } from './token-login.ts';

/** `settings.kafka.sasl`; what is left out is not set. */
export type SaslSettings = Partial<Settings['kafka']['sasl']>;

/** How to log in, as the settings have it; null: not at all. They are complete: see src/settings/check-kafka.ts. */
export function loginOf(sasl: SaslSettings, brokers: readonly string[]): Login | null {
  const options = optionsOf(sasl);
  return options === null ? null : new Login(options, brokers.join(','));
}

function optionsOf(sasl: SaslSettings): LoginOptions | null {
  const { mechanism = null, username = null, extensions = [] } = sasl;
  if (mechanism === null) return null;
  if (isPasswordMechanism(mechanism)) {
    const { password = null, passwordFile: file = null } = sasl;
    if (username === null || (password === null && file === null)) return null;
    return passwordLogin(mechanism, username, { setting: 'kafka.sasl.password', value: password, file });
  }
  if (mechanism === 'aws-msk-iam') return mskLogin(sasl.awsRegion ?? '');
  if (sasl.tokenUrl) {
    const { clientSecret = null, clientSecretFile = null } = sasl;
    return clientLogin(
      {
        url: sasl.tokenUrl,
        clientId: sasl.clientId ?? '',
        clientSecret: { setting: 'kafka.sasl.client_secret', value: clientSecret, file: clientSecretFile },
        scope: sasl.scope ?? null,
        parameters: sasl.tokenParameters ?? [],
        ca: sasl.tokenCa ?? null,
      },
      extensions,
    );
  }
  const { token = null, tokenFile = null } = sasl;
  return tokenLogin({ setting: 'kafka.sasl.token', value: token, file: tokenFile }, extensions);
}
