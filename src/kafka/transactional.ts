import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { ClusterBrokers } from './kafkajs/cluster-brokers.ts';
import { openLink } from './kafkajs/link.ts';
import { IdempotentProducer } from './produce/idempotent-producer.ts';
import { TransactionalProducer } from './produce/transactional-producer.ts';

/** After this the broker aborts what a dead producer left open, in ms: readers may be kept waiting for this long. */
const TRANSACTION_TIMEOUT = 15_000;
/** ms for the replicas of a partition to have a batch; then the leader answers that they have not. */
const PRODUCE_TIMEOUT = 10_000;
/** How long closing connections may take, ms: what is left to do then goes on behind. */
const CLOSE = 1_500;

/** A producer, and what closes its connections. */
export interface Opened<T> {
  readonly producer: T;
  readonly disconnect: () => Promise<void>;
}

/** Asks for nothing more, and closes the connections. Resolves within seconds, whatever is away; never throws. */
export async function closeProducer(
  { producer, disconnect }: Opened<{ stop(error: Error): void }>,
  logger: Logger,
): Promise<void> {
  producer.stop(new Error('the producer is closed'));
  const closed = disconnect().catch((error: unknown) =>
    logger.debug({ err: messageOf(error) }, 'the producer did not close'),
  );
  await within(wallClock, CLOSE, closed);
}

/** A producer for one transaction after the other, its predecessor fenced. @throws where that could not be done. */
export function openTransactional(kafka: Kafka, transactionalId: string): Promise<Opened<TransactionalProducer>> {
  return open(kafka, (options) => TransactionalProducer.open({ ...options, transactionalId }));
}

/** A producer whose batches are in the log once, and visible at once. @throws where there is no broker to be had. */
export function openIdempotent(kafka: Kafka): Promise<Opened<IdempotentProducer>> {
  return open(kafka, (options) => IdempotentProducer.open({ ...options, transactionalId: null }));
}

/** Connections of its own: what one producer waits for keeps no other waiting. */
async function open<T>(
  kafka: Kafka,
  producer: (options: ReturnType<typeof optionsFor>) => Promise<T>,
): Promise<Opened<T>> {
  const { cluster, disconnect } = await openLink(kafka);
  try {
    return { producer: await producer(optionsFor(new ClusterBrokers(cluster, PRODUCE_TIMEOUT))), disconnect };
  } catch (error) {
    // The caller gets this error; whether the connections close in time adds nothing to it.
    await within(wallClock, CLOSE, disconnect()).catch(() => {});
    throw error;
  }
}

function optionsFor(brokers: ClusterBrokers) {
  return { brokers, clock: wallClock, transactionTimeout: TRANSACTION_TIMEOUT };
}
