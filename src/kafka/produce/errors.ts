/** After which of the brokers' errors a producer asks again. The names are KafkaJS's, some older than Kafka's own. */

/** The coordinator is another by now, or not ready to be asked. */
const COORDINATOR_MOVES = ['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS'];

/** For requests to the coordinator of transactions. The transaction before is still being ended: some ms, mostly. */
export const COORDINATOR_AGAIN: ReadonlySet<string> = new Set([
  ...COORDINATOR_MOVES,
  'CONCURRENT_TRANSACTIONS',
  // A topic that was just made: not every broker knows it.
  'UNKNOWN_TOPIC_OR_PARTITION',
]);

/**
 * For offsets in a transaction, sent to the coordinator of their group. Written twice in one transaction, they count
 * once.
 */
export const OFFSETS_AGAIN: ReadonlySet<string> = new Set([
  ...COORDINATOR_MOVES,
  'UNKNOWN_TOPIC_OR_PARTITION',
  'REQUEST_TIMED_OUT',
]);

/**
 * For the offset that a group keeps, asked of the one broker that may know it: a transaction may be about to replace
 * it.
 */
export const KEPT_AGAIN: ReadonlySet<string> = new Set(['UNSTABLE_OFFSET_COMMIT']);

/**
 * For a batch, sent to the leader of its partition. By its sequence numbers the leader knows one that was appended all
 * the same.
 */
export const PRODUCE_AGAIN: ReadonlySet<string> = new Set([
  'NOT_LEADER_FOR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'BROKER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'KAFKA_STORAGE_ERROR',
  'NETWORK_EXCEPTION',
  'CORRUPT_MESSAGE',
  // Appended, perhaps, by fewer than `min.insync.replicas`.
  'REQUEST_TIMED_OUT',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  ...COORDINATOR_MOVES,
  'CONCURRENT_TRANSACTIONS',
]);

/** Brokers before 1.0 answer this to a batch that they have; newer ones give its offset. */
export const HAS_IT_ALREADY = 'DUPLICATE_SEQUENCE_NUMBER';
