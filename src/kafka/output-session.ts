import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka, Producer, ProducerBatch, Transaction } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import { failpoint } from '../processor/failpoints.ts';
import type { OutMessages, OutputSession, PublishedMessage } from '../processor/ports.ts';
import type { ClusterLink } from './cluster.ts';
import type { Layout, OutputTopics } from './layout.ts';
import { partitionsOf } from './offsets.ts';
import { readBack } from './read-back.ts';
import { Requests } from './requests.ts';
import { RETRY, transactionalProducer } from './transactional.ts';
import { within } from './within.ts';

/** How often adding offsets is tried, which KafkaJS does not try again. */
const OFFSETS_TRIES = 12;
/** Longest that reading the topics back may take, in ms. */
const READ_BACK = 300_000;
const CLOSE = 1_500;

export interface SessionOptions {
  readonly kafka: Kafka;
  readonly link: ClusterLink;
  readonly logger: Logger;
  readonly transactionalId: string;
  /** Group in which Kafka keeps the position, as the offset of the input topic and partition. */
  readonly positionGroup: string;
  readonly input: { readonly topic: string; readonly partition: number };
  readonly topics: OutputTopics;
  readonly layout: Layout;
  readonly onClose: (session: KafkaOutputSession) => void;
}

/**
 * Invariant: messages and the position behind them become visible together or not at all, and only while no newer
 * producer of the same transactional id is there. After any error the outcome is unknown: KafkaJS cannot go on with
 * such a producer, and nothing more is done with it.
 */
export class KafkaOutputSession implements OutputSession {
  readonly #options: SessionOptions;
  readonly #producer: Producer;
  readonly #requests: Requests;
  /** Begun, with nothing in it yet. The first one exists since `open`: beginning it is what fences. */
  #begun: Transaction | null;
  #position: number | null = null;
  #broken: Error | null = null;
  #busy = false;
  #closed = false;

  /** A producer that has fenced its predecessor. */
  static async open(options: SessionOptions): Promise<KafkaOutputSession> {
    const { kafka, transactionalId, logger } = options;
    const producer = transactionalProducer(kafka, transactionalId);
    try {
      await producer.connect();
      return new KafkaOutputSession(options, producer, await producer.transaction());
    } catch (error) {
      producer
        .disconnect()
        .catch((later: unknown) => logger.debug({ err: messageOf(later) }, 'a producer did not close'));
      throw error;
    }
  }

  private constructor(options: SessionOptions, producer: Producer, begun: Transaction) {
    this.#options = options;
    this.#producer = producer;
    this.#begun = begun;
    const { topics, layout, input } = options;
    this.#requests = new Requests({ topics, layout, inputPartition: input.partition });
  }

  async position(): Promise<number | null> {
    return this.#guarded(async () => {
      // Right after a commit the group may still tell the one before (measured: 2 of 112); we know it.
      if (this.#position !== null) return this.#position;
      const { link, input, positionGroup } = this.#options;
      const { topic, partition } = input;
      const offset = await link.ask(`the position of partition ${partition}`, async (cluster) => {
        await partitionsOf(cluster, topic);
        const coordinator = await cluster.findGroupCoordinator({ groupId: positionGroup });
        const { responses } = await coordinator.offsetFetch({
          groupId: positionGroup,
          topics: [{ topic, partitions: [{ partition, offset: '' }] }],
        });
        const found = responses[0]?.partitions.find((entry) => entry.partition === partition);
        if (found === undefined) throw new Error(`group ${positionGroup} did not tell the position`);
        return Number(found.offset);
      });
      return offset < 0 ? null : offset;
    });
  }

  async send(messages: readonly OutMessages[], next: number): Promise<void> {
    await this.#guarded(async () => {
      const transaction = await this.#transaction();
      for (const topicMessages of this.#requests.split(messages, Date.now())) {
        // In place of arrays of messages: see produce.ts.
        await transaction.sendBatch({ acks: -1, topicMessages } as unknown as ProducerBatch);
        this.#mustBeOpen();
      }
      await this.#commit(transaction, next);
    });
  }

  async keep(next: number): Promise<void> {
    await this.#guarded(async () => this.#commit(await this.#transaction(), next));
  }

  async readBack(from: number): Promise<PublishedMessage[]> {
    return this.#guarded(() => {
      const { link, topics, layout, input } = this.#options;
      const signal = AbortSignal.timeout(READ_BACK);
      return link.ask(
        'the ends of the output topics',
        (cluster) => readBack(from, { cluster, topics, layout, input, signal }),
        READ_BACK,
      );
    });
  }

  async close(): Promise<void> {
    const { logger, transactionalId, onClose } = this.#options;
    this.#closed = true;
    this.#broken ??= new Error(`producer ${transactionalId} is closed`);
    onClose(this);
    // With the broker away KafkaJS waits for what is under way: that goes on behind, and can commit no more.
    await within(CLOSE, this.#disconnect(), () =>
      logger.info({ transactionalId }, 'closing the producer takes long; the broker drops what it left open'),
    );
  }

  async #disconnect(): Promise<void> {
    const { logger, transactionalId } = this.#options;
    try {
      await this.#producer.disconnect();
    } catch (error) {
      logger.debug({ err: messageOf(error), transactionalId }, 'the producer did not close');
    }
  }

  async #transaction(): Promise<Transaction> {
    const begun = this.#begun ?? (await this.#producer.transaction());
    this.#begun = null;
    this.#mustBeOpen();
    return begun;
  }

  async #commit(transaction: Transaction, next: number): Promise<void> {
    await this.#sendPosition(transaction, next);
    this.#mustBeOpen();
    failpoint('output.produced');
    await transaction.commit();
    failpoint('output.committed');
    this.#position = next;
  }

  async #sendPosition(transaction: Transaction, next: number): Promise<void> {
    const { positionGroup, input } = this.#options;
    const offsets = {
      consumerGroupId: positionGroup,
      topics: [{ topic: input.topic, partitions: [{ partition: input.partition, offset: String(next) }] }],
    };
    for (let tries = 1, wait = RETRY.initialRetryTime; ; tries += 1, wait = Math.min(wait * 2, RETRY.maxRetryTime)) {
      try {
        return await transaction.sendOffsets(offsets);
      } catch (error) {
        if ((error as { type?: string }).type !== 'CONCURRENT_TRANSACTIONS' || tries >= OFFSETS_TRIES) throw error;
        await sleep(wait);
        this.#mustBeOpen();
      }
    }
  }

  /** Runs one thing at a time; whatever fails breaks the session. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    if (this.#busy) throw new Error(`producer ${this.#options.transactionalId} was asked for two things at once`);
    this.#busy = true;
    try {
      const result = await work();
      this.#mustBeOpen();
      return result;
    } catch (error) {
      this.#broken ??= error as Error;
      throw error;
    } finally {
      this.#busy = false;
      // What KafkaJS still tried may have connected again after `close`.
      if (this.#closed) this.#disconnect();
    }
  }

  #mustBeOpen(): void {
    if (this.#broken !== null)
      throw new Error(`the producer is of no more use: ${this.#broken.message}`, { cause: this.#broken });
  }
}
