/** Where the parts of a stack are, and how to get in: as the admin, where there are principals. Goes through JSON. */
import { type Access, environmentOf, propertiesOf } from '../../src/local/access.ts';
import { ADMIN } from '../../src/local/principals.ts';
import type { RealStack } from '../../src/local/stack.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';

export interface Parts {
  readonly brokers: string[];
  readonly registryUrl: string;
  readonly databaseUrl: string;
  /** The variables that have tidemark use them: the three above, and what they want besides. */
  readonly env: Readonly<Record<string, string>>;
  /** For the broker's own tools and other clients in Java: a file of settings; null where the addresses are enough. */
  readonly properties: string | null;
  /** Its principals and certificates, where it is a cluster. */
  readonly access: Access | null;
  readonly java: string;
  /** Directory of the broker's jars with its command line tools; null where the stack brought none. */
  readonly jars: string | null;
}

/** Of an environment that names the parts: also how to get in, as `npm run stack` prints it. */
const OURS = /^(KAFKA|SCHEMA_REGISTRY|DATABASE)_/;

export function partsOf(stack: RealStack, given: NodeJS.ProcessEnv = {}): Parts {
  const { brokers, registryUrl, databaseUrl } = stack;
  const access = 'access' in stack ? stack.access : null;
  const addresses = { KAFKA_BROKERS: brokers.join(','), SCHEMA_REGISTRY_URL: registryUrl, DATABASE_URL: databaseUrl };
  const ours = Object.entries(given).filter(([name]) => stack.kind === 'environment' && OURS.test(name));
  return {
    ...{ brokers, registryUrl, databaseUrl, access },
    env: { ...Object.fromEntries(ours), ...addresses, ...(access ? environmentOf(access, ADMIN) : {}) },
    properties: access ? propertiesOf(access, ADMIN) : (given.TIDEMARK_KAFKA_PROPERTIES ?? null),
    java: 'java' in stack ? stack.java : 'java',
    jars: 'jars' in stack ? stack.jars : null,
  };
}

/** The same parts with another database. */
export function withDatabase(parts: Parts, databaseUrl: string): Parts {
  return { ...parts, databaseUrl, env: { ...parts.env, DATABASE_URL: databaseUrl } };
}

/** A database URL with one parameter more. Not by URLSearchParams, whose `+` is no space to libpq. */
export function withParameter(databaseUrl: string, name: string, value: string): string {
  return `${databaseUrl}${databaseUrl.includes('?') ? '&' : '?'}${name}=${encodeURIComponent(value)}`;
}

/** As tidemark has them that is given the variables. */
export function settingsFor({ env }: Pick<Parts, 'env'>): Settings {
  return loadSettings({ env }).settings;
}

/** For what is under test: how to reach the brokers. */
export function kafkaAddress(parts: Pick<Parts, 'env'>): Settings['kafka'] {
  return { ...settingsFor(parts).kafka, clientId: 'test' };
}
