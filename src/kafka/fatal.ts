const OTHER_PROGRAM =
  'give tidemark a group of its own with kafka.group, or stop the other program (`kafka-consumer-groups.sh --describe --members ' +
  '--group …` names it)';

/** Another program is a member of the group: the partitions that it is assigned are not folded. */
export class OtherProgram extends Error {
  override readonly name = 'OtherProgram';
  readonly help = OTHER_PROGRAM;
}

/** Errors that waiting does not help: someone has to grant a right, make a topic or correct a setting. */
const FATAL: ReadonlyMap<string, string> = new Map([
  ['TOPIC_AUTHORIZATION_FAILED', 'grant this user the right to the topic'],
  ['GROUP_AUTHORIZATION_FAILED', 'grant this user the right to the consumer group'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'grant this user the right to the cluster'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'grant this user the right to the transactional ids'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'make the topics with `tidemark setup`'],
  ['INVALID_TOPIC_EXCEPTION', 'correct the name of the topic in the settings'],
  [
    'INVALID_SESSION_TIMEOUT',
    "set kafka.session_timeout to a time within the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms",
  ],
  ['INCONSISTENT_GROUP_PROTOCOL', `another program is in this consumer group: ${OTHER_PROGRAM}`],
  ['UNSUPPORTED_SASL_MECHANISM', 'set kafka.sasl.mechanism to one the brokers know'],
  ['KafkaJSSASLAuthenticationError', 'correct kafka.sasl.username and kafka.sasl.password'],
]);

/** Whether it is that the brokers refused the login, for good: see login.ts. */
export function isLoginRefused(error: unknown): boolean {
  for (let at = error as Caused | undefined, depth = 0; at && depth < 10; at = at.cause as Caused, depth += 1) {
    if (at.name === 'KafkaJSSASLAuthenticationError') return true;
  }
  return false;
}

/** What to do about an error that waiting does not help; null for one that it may. Looks at its causes too. */
export function remedy(error: unknown): string | null {
  for (let at = error as Caused | undefined, depth = 0; at && depth < 10; at = at.cause as Caused, depth += 1) {
    const found = at.help ?? FATAL.get(at.type ?? '') ?? FATAL.get(at.name ?? '');
    if (found !== undefined) return found;
  }
  return null;
}

interface Caused {
  readonly name?: string;
  readonly type?: string;
  /** What to do, where the error has it itself. */
  readonly help?: string;
  readonly cause?: unknown;
}
