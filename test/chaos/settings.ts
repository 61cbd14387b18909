import { type Access, environmentOf } from '../../src/local/access.ts';

export const PARTITIONS = 6;
/** Of topics that have other partitions than the input: there a message's key says where it goes. */
export const FEWER = { deadLetter: 3, late: 4 } as const;

/** Where the parts are found: without proxies, or through some. */
export interface Addresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly databaseUrl: string;
}

export type Environment = Readonly<Record<string, string>>;

/** Visits of a second or a few, so that thousands end, are amended and freeze during a run; caps that a bot meets. */
const QUICK: Environment = {
  TIDEMARK_VISIT_GAP: '1s',
  TIDEMARK_VISIT_OUT_OF_ORDERNESS: '300ms',
  TIDEMARK_VISIT_ARRIVAL_GRACE: '200ms',
  TIDEMARK_VISIT_ALLOWED_LATENESS: '4s',
  TIDEMARK_VISIT_MAX_AGE: '30s',
  TIDEMARK_VISIT_FUTURE_TOLERANCE: '1s',
  TIDEMARK_VISIT_MAX_DURATION: '3s',
  TIDEMARK_VISIT_MAX_EVENTS: '10',
  // More than an append takes to become visible on a busy machine.
  TIDEMARK_VISIT_CLOCK_MARGIN: '1s',
  TIDEMARK_EVENTS_KEEP_PROPERTIES: 'true',
  // So much that most transactions hold messages of several topics, and so little that many are under way.
  TIDEMARK_COMMIT_INTERVAL: '200ms',
  TIDEMARK_COMMIT_MAX_BYTES: '64KB',
  TIDEMARK_HTTP_PORT: '0',
  TIDEMARK_LOG_LEVEL: 'debug',
  TIDEMARK_LOG_FORMAT: 'json',
};

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
    TIDEMARK_DATABASE_SCHEMA: NAME,
    TIDEMARK_KAFKA_GROUP: NAME,
    TIDEMARK_INPUT_TOPIC: NAME,
    TIDEMARK_OUTPUT_TOPIC: `${NAME}-ended`,
    TIDEMARK_TOPICS_PARTITIONS: String(PARTITIONS),
    TIDEMARK_TOPICS_REPLICATION_FACTOR: '3',
    ...QUICK,
  };
}
