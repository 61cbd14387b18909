/** Settings for visits of a second or a few: they end, are amended and freeze while a test writes; a bot meets the caps. */
export const QUICK_VISITS: Readonly<Record<string, string>> = {
  TIDEMARK_VISIT_GAP: '1s',
  TIDEMARK_VISIT_OUT_OF_ORDERNESS: '300ms',
  TIDEMARK_VISIT_ARRIVAL_GRACE: '200ms',
  TIDEMARK_VISIT_ALLOWED_LATENESS: '4s',
  TIDEMARK_VISIT_MAX_AGE: '30s',
  TIDEMARK_VISIT_FUTURE_TOLERANCE: '1s',
  TIDEMARK_VISIT_MAX_DURATION: '3s',
  TIDEMARK_VISIT_MAX_EVENTS: '10',
  // More than an append takes to become visible on a busy machine: no visit may end too early by the clock.
  TIDEMARK_VISIT_CLOCK_MARGIN: '1s',
  TIDEMARK_EVENTS_KEEP_PROPERTIES: 'true',
  TIDEMARK_COMMIT_MAX_BYTES: '64KB',
  TIDEMARK_HTTP_PORT: '0',
  TIDEMARK_LOG_LEVEL: 'debug',
  TIDEMARK_LOG_FORMAT: 'json',
};

/** Settings for a topic, schema and group of one name. */
export function named(name: string, partitions: number): Readonly<Record<string, string>> {
  return {
    TIDEMARK_DATABASE_SCHEMA: name,
    TIDEMARK_KAFKA_GROUP: name,
    TIDEMARK_INPUT_TOPIC: name,
    TIDEMARK_OUTPUT_TOPIC: `${name}-ended`,
    TIDEMARK_TOPICS_PARTITIONS: String(partitions),
  };
}
