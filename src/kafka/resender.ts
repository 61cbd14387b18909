import type { Kafka, Producer, ProducerBatch, Transaction } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import { failpoint } from '../processor/failpoints.ts';
import { BatchWriter } from './batch-writer.ts';
import { BatchesToSend, BatchToSend, sendBatches } from './produce.ts';
import { transactionalProducer } from './transactional.ts';
import { within } from './within.ts';

const CLOSE = 1_500;

export interface ToResend {
  readonly partition: number;
  /** Key, value and headers as a record of format 2 has them. */
  readonly tail: Buffer;
}

/**
 * Sends records to one topic, all of a call in one transaction.
 *
 * Invariant: once `open` resolves, no transaction of a predecessor with the same id can commit any more, and one that was
 * about to has. So what is then found committed in the topic is all that it ever sent. After an error the outcome is
 * unknown until another one is opened.
 */
export class Resender {
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #logger: Logger;
  #begun: Transaction | null;

  static async open(kafka: Kafka, topic: string, transactionalId: string, logger: Logger): Promise<Resender> {
    sendBatches();
    const producer = transactionalProducer(kafka, transactionalId);
    await producer.connect();
    try {
      return new Resender(topic, producer, await producer.transaction(), logger);
    } catch (error) {
      await within(CLOSE, producer.disconnect(), () => {}).catch(() => {});
      throw error;
    }
  }

  private constructor(topic: string, producer: Producer, begun: Transaction, logger: Logger) {
    this.#topic = topic;
    this.#producer = producer;
    this.#begun = begun;
    this.#logger = logger;
  }

  /** All of them are in the topic once this resolves. @param timestamp ms @throws where the outcome is not known */
  async send(records: readonly ToResend[], timestamp: number): Promise<void> {
    const transaction = this.#begun ?? (await this.#producer.transaction());
    this.#begun = null;
    const batches = [...Map.groupBy(records, ({ partition }) => partition)].map(([partition, some]) => {
      const batch = new BatchWriter();
      for (const { tail } of some) batch.add(one(tail), 0);
      return new BatchToSend(partition, batch, timestamp);
    });
    // In place of arrays of messages: see produce.ts.
    const topicMessages = [{ topic: this.#topic, messages: new BatchesToSend(batches) }];
    await transaction.sendBatch({ acks: -1, topicMessages } as unknown as ProducerBatch);
    failpoint('resender.produced');
    await transaction.commit();
    failpoint('resender.committed');
  }

  /** Resolves within seconds, whatever is away; never throws. */
  async close(): Promise<void> {
    await within(CLOSE, this.#disconnect(), () => {});
  }

  async #disconnect(): Promise<void> {
    try {
      await this.#begun?.abort();
      await this.#producer.disconnect();
    } catch (error) {
      this.#logger.debug({ err: messageOf(error) }, 'the producer did not close');
    }
  }
}

/** A batch writer takes messages from a row of them. */
function one(tail: Buffer): Parameters<BatchWriter['add']>[0] {
  return { bytes: tail, starts: Uint32Array.of(0), ends: Uint32Array.of(tail.length) } as never;
}
