export const PARTITIONS = 6;

export interface Addresses {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly databaseUrl: string;
}

type Environment = Readonly<Record<string, string>>;

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
  TIDEMARK_COMMIT_INTERVAL: '50ms',
  TIDEMARK_COMMIT_MAX_BYTES: '64KB',
  TIDEMARK_HTTP_PORT: '0',
  TIDEMARK_LOG_LEVEL: 'debug',
  TIDEMARK_LOG_FORMAT: 'json',
};

export const NAME = `chaos_${crypto.randomUUID().slice(0, 8)}`;

/** The whole environment of a processor that reaches the parts at these addresses. */
export function environment({ brokers, registryUrl, databaseUrl }: Addresses): Environment {
  return {
    KAFKA_BROKERS: brokers.join(','),
    SCHEMA_REGISTRY_URL: registryUrl,
    DATABASE_URL: databaseUrl,
    TIDEMARK_DATABASE_SCHEMA: NAME,
    TIDEMARK_KAFKA_GROUP: NAME,
    TIDEMARK_INPUT_TOPIC: NAME,
    TIDEMARK_OUTPUT_TOPIC: `${NAME}-ended`,
    TIDEMARK_TOPICS_PARTITIONS: String(PARTITIONS),
    ...QUICK,
  };
}
