/**
 * Kinds of KafkaJS's errors, which it distinguishes by their names alone. Written for KafkaJS 2.2.4; held by
 * test/kafka/kafkajs/brokers.unit.test.ts.
 */

/** Whether the broker answered with this error: otherwise it did not come to an answer. */
export function isAnswer(error: Error): boolean {
  return (error as { readonly type?: string }).type !== undefined || error.name === 'KafkaJSSASLAuthenticationError';
}

/** KafkaJS's names for it. */
const OF_CONNECTION = /^KafkaJS(Connection|RequestTimeout|LockTimeout|BrokerNotFound|NumberOfRetriesExceeded)/;

export function isOfConnection(error: unknown): boolean {
  return OF_CONNECTION.test((error as Error).name);
}

export function isRetriable(error: Error): boolean {
  return (error as { readonly retriable?: boolean }).retriable !== false;
}
