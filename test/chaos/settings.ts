import { type Access, environmentOf } from '../../src/local/access.ts';
import { named, QUICK_VISITS } from '../support/quick-visits.ts';

export const PARTITIONS = 6;
/** Partitions of topics that have others than the input: there a message's key decides where it goes. */
export const FEWER = { deadLetter: 3, late: 4 } as const;

/** Where the parts are found: without proxies, or through some. */
export interface Addresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly databaseUrl: string;
}

export type Environment = Readonly<Record<string, string>>;

/** So much that most transactions hold messages of several topics, and so little that many are under way. */
const QUICK: Environment = { ...QUICK_VISITS, TIDEMARK_COMMIT_INTERVAL: '200ms' };

/** How input and output are made: the input as others made it, compressed anew by the brokers. */
export const TOPICS = {
  input: { 'message.timestamp.type': 'LogAppendTime', 'compression.type': 'gzip' },
  output: {},
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export const NAME = `chaos_${crypto.randomUUID().slice(0, 8)}`;

/** The whole environment of a program that reaches the parts at these addresses as that principal. */
export function environment(access: Access, principal: string, at: Addresses): Environment {
  return {
    ...environmentOf(access, principal),
    KAFKA_BROKERS: at.brokers.join(','),
    SCHEMA_REGISTRY_URL: at.registryUrl,
    DATABASE_URL: at.databaseUrl,
    ...named(NAME, PARTITIONS),
    TIDEMARK_TOPICS_REPLICATION_FACTOR: '3',
    ...QUICK,
  };
}
