/** Errors that waiting does not help: someone has to grant a right or make a topic. */
const FATAL: ReadonlyMap<string, string> = new Map([
  ['TOPIC_AUTHORIZATION_FAILED', 'grant this user the right to the topic'],
  ['GROUP_AUTHORIZATION_FAILED', 'grant this user the right to the consumer group'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'grant this user the right to the cluster'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'grant this user the right to the transactional ids'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'make the topics with `tidemark setup`'],
  ['INVALID_TOPIC_EXCEPTION', 'correct the name of the topic in the settings'],
  ['UNSUPPORTED_SASL_MECHANISM', 'set kafka.sasl.mechanism to one the brokers know'],
  ['SASL_AUTHENTICATION_FAILED', 'correct kafka.sasl.username and kafka.sasl.password'],
  ['KafkaJSSASLAuthenticationError', 'correct kafka.sasl.username and kafka.sasl.password'],
]);

/** What to do about an error that waiting does not help; null for one that it may. Looks at its causes too. */
export function remedy(error: unknown): string | null {
  for (let at = error as Caused | undefined, depth = 0; at && depth < 10; at = at.cause as Caused, depth += 1) {
    const found = FATAL.get(at.type ?? '') ?? FATAL.get(at.name ?? '');
    if (found !== undefined) return found;
  }
  return null;
}

interface Caused {
  readonly name?: string;
  readonly type?: string;
  readonly cause?: unknown;
}
