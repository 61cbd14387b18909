import type { AuthenticationProviderArgs, Authenticator } from 'kafkajs';
import { LoginRefused } from './login-refused.ts';

const BETWEEN = '\u0001';

export interface Bearer {
  readonly token: string;
  /** `name=value`: what the broker, or its provider, needs besides. */
  readonly extensions: readonly string[];
  readonly help: string;
  /** The broker does not take the token. */
  readonly onRefused: () => void;
}

/**
 * SASL OAUTHBEARER (RFC 7628). KafkaJS's own takes no notice of what the broker answers: a token that was refused shows
 * as a connection that breaks with the next request.
 */
export function oauthBearer({ token, extensions, help, onRefused }: Bearer) {
  const first = ['n,,', `auth=Bearer ${token}`, ...extensions, '', ''].join(BETWEEN);
  return ({ saslAuthenticate }: AuthenticationProviderArgs): Authenticator => ({
    authenticate: async () => {
      const reason = await saslAuthenticate({ request: written(first), response: READ });
      if (!reason) return;
      onRefused();
      // This answer holds only the reason; to the next request it answers that the login has failed.
      await saslAuthenticate({ request: written(BETWEEN), response: READ });
      throw new LoginRefused(reason, help);
    },
  });
}

/** Puts the length in front, as KafkaJS wants it. */
function written(text: string): { encode(): Buffer } {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return { encode: () => Buffer.concat([length, bytes]) };
}

const READ = { decode: (bytes: Buffer) => bytes.subarray(4), parse: (bytes: Buffer) => bytes.toString() };
