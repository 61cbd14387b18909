import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { failpoint } from '../ports/failpoints.ts';
import type { TransactionalProducer } from './produce/transactional-producer.ts';
import { batchesOf, type PlacedBody } from './record-bodies.ts';
import { closeProducer, type Opened, openTransactional } from './transactional.ts';

export type { PlacedBody as ToResend } from './record-bodies.ts';

/**
 * Sends records to one topic, all of a call in one transaction.
 *
 * Invariant: once `open` resolves, no transaction of a predecessor with the same id can commit any more, and one that
 * was about to has. So what is then found committed in the topic is all that it ever sent. After an error the outcome
 * is unknown until another one is opened.
 */
export class Resender {
  readonly #topic: string;
  readonly #opened: Opened<TransactionalProducer>;
  readonly #logger: Logger;

  static async open(kafka: Kafka, topic: string, transactionalId: string, logger: Logger): Promise<Resender> {
    return new Resender(topic, await openTransactional(kafka, transactionalId), logger);
  }

  private constructor(topic: string, opened: Opened<TransactionalProducer>, logger: Logger) {
    this.#topic = topic;
    this.#opened = opened;
    this.#logger = logger;
  }

  /** All of them are in the topic once this resolves. @param timestamp ms @throws where the outcome is not known */
  async send(records: readonly PlacedBody[], timestamp: number): Promise<void> {
    const { producer } = this.#opened;
    await producer.send(batchesOf(this.#topic, records, timestamp));
    failpoint('resender.produced');
    await producer.commit();
    failpoint('resender.committed');
  }

  /** Resolves within seconds, whatever is away; never throws. */
  async close(): Promise<void> {
    await closeProducer(this.#opened, this.#logger);
  }
}
