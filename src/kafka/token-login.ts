import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs';
import { readSecret, type Secret } from '../secrets/secret.ts';
import type { LoginOptions } from './login.ts';
import { LoginRefused } from './login-refused.ts';
import { fetchMskToken } from './msk-iam.ts';
import { oauthBearer } from './oauth-bearer.ts';
import { fetchToken, type TokenEndpoint } from './token-endpoint.ts';
import { Tokens } from './tokens.ts';

const OAUTHBEARER = 'oauthbearer';

/** Tokens by their owner; all clients of a thread share them. */
const kept = new Map<string, Tokens>();

function keep(who: string, fetch: ConstructorParameters<typeof Tokens>[0]): Tokens {
  let tokens = kept.get(who);
  if (tokens === undefined) {
    tokens = new Tokens(fetch);
    kept.set(who, tokens);
  }
  return tokens;
}

/** A login by a token that an endpoint gives out to a client. */
export function clientLogin(endpoint: TokenEndpoint, extensions: readonly string[]): LoginOptions {
  const tokens = keep(JSON.stringify(endpoint), () => fetchToken(endpoint));
  return fetchedLogin(tokens, {
    who: `client ${endpoint.clientId} of ${endpoint.url}`,
    help:
      'see that the brokers trust what gives the tokens out, and look for the audience they want: kafka.sasl.scope, ' +
      'kafka.sasl.token_parameters',
    extensions,
  });
}

/** A login by IAM. */
export function mskLogin(region: string): LoginOptions {
  return fetchedLogin(
    keep(`msk ${region}`, () => fetchMskToken(region)),
    {
      who: `the AWS identity of this process in ${region}`,
      help: 'allow it kafka-cluster:Connect on the cluster, and correct kafka.sasl.aws_region',
      extensions: [],
    },
  );
}

/** A login by a token that the settings give, or a file. */
export function tokenLogin(token: Secret, extensions: readonly string[]): LoginOptions {
  const help = 'put a token that the brokers take into kafka.sasl.token, or the file that holds it';
  return {
    mechanism: OAUTHBEARER,
    who: `the bearer of ${token.file ?? token.setting}`,
    help,
    begin: async (args) => {
      const value = readSecret(token)?.trim();
      if (!value) throw new LoginRefused('there is no token', help);
      return oauthBearer({ token: value, extensions, help, onRefused: () => {} })(args);
    },
  };
}

function fetchedLogin(
  tokens: Tokens,
  { who, help, extensions }: { readonly who: string; readonly help: string; readonly extensions: readonly string[] },
): LoginOptions {
  const begin = async (args: AuthenticationProviderArgs): Promise<Authenticator> => {
    const token = await tokens.get();
    return oauthBearer({ token, extensions, help, onRefused: () => tokens.drop(token) })(args);
  };
  return { mechanism: OAUTHBEARER, who, help, begin };
}
