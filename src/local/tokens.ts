import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const ISSUER = 'tidemark local stack';
export const AUDIENCE = 'kafka';

/** The keys that tokens for the brokers (OAUTHBEARER) are signed with. */
export interface TokenKeys {
  /** File of public keys (JWKS) that the brokers read. */
  readonly jwks: string;
  /** PEM file of the private key. */
  readonly key: string;
}

export async function makeTokenKeys(directory: string): Promise<TokenKeys> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = { jwks: join(directory, 'jwks.json'), key: join(directory, 'token.key') };
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'local', use: 'sig', alg: 'RS256' };
  await writeFile(keys.jwks, JSON.stringify({ keys: [jwk] }));
  await writeFile(keys.key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return keys;
}

/** A token with which `principal` can log in at the brokers for so many seconds. */
export function makeToken(keys: TokenKeys, principal: string, seconds = 3600, scope = 'kafka'): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: principal, iss: ISSUER, aud: AUDIENCE, scope, iat: now, exp: now + seconds };
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: 'local' })}.${part(claims)}`;
  const key: KeyObject = createPrivateKey(readFileSync(keys.key));
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
