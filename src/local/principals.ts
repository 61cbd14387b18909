import { randomBytes } from 'node:crypto';

/** The principal that has all rights at the brokers. */
export const ADMIN = 'admin';

/** Principals that the brokers of a cluster know, without rights until the admin grants them some. */
export const WITHOUT_RIGHTS = [
  'tidemark-setup',
  'tidemark',
  'tidemark-retry',
  'tidemark-simulate',
  'producer',
  'consumer',
  'reader',
] as const;

export const PRINCIPALS: readonly string[] = [ADMIN, ...WITHOUT_RIGHTS];

/** A password for each, by name. */
export function makePasswords(): Record<string, string> {
  return Object.fromEntries(PRINCIPALS.map((name) => [name, makePassword()]));
}

export function makePassword(): string {
  return randomBytes(12).toString('hex');
}
