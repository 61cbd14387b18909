import kafkajs, { type Kafka, type Producer } from 'kafkajs';

/** After this the broker aborts what a dead producer left open, in ms: so long may readers be kept waiting. */
const TRANSACTION_TIMEOUT = 15_000;
/**
 * Straight after a commit the broker still ends the transaction, and refuses the next for some ms; KafkaJS then waits
 * `initialRetryTime`: measured 277 ms a transaction at its default of 300, 10 ms at 10. Twelve tries last about 6 s;
 * then a new producer takes over, which is always safe where what was sent can be told.
 */
export const RETRY = { initialRetryTime: 10, multiplier: 2, factor: 0.2, maxRetryTime: 1_000, retries: 12 };

/** A producer for one transaction after the other. Connecting it fences nothing: its first `transaction()` does. */
export function transactionalProducer(kafka: Kafka, transactionalId: string): Producer {
  return kafka.producer({
    transactionalId,
    idempotent: true,
    maxInFlightRequests: 1,
    transactionTimeout: TRANSACTION_TIMEOUT,
    allowAutoTopicCreation: false,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    retry: RETRY,
  });
}
