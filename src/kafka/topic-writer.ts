import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { ClusterLink } from './cluster.ts';
import { partitionByKey } from './layout.ts';
import { partitionsOf } from './offsets.ts';
import type { IdempotentProducer } from './produce/idempotent-producer.ts';
import { batchesOf } from './record-bodies.ts';
import { closeProducer, type Opened, openIdempotent } from './transactional.ts';

/** A record with a key. */
export interface KeyedRecord {
  readonly key: Buffer;
  /** Key, value and headers as a record of format 2 has them. */
  readonly recordBody: Buffer;
}

/** Writes records to the partitions that their keys give by murmur2, as every Java producer has it; each once. */
export class TopicWriter {
  readonly #topic: string;
  readonly #opened: Opened<IdempotentProducer>;
  readonly #partitions: number;
  readonly #logger: Logger;

  /** @throws where no broker answers, or the topic is not there */
  static async open(kafka: Kafka, topic: string, logger: Logger): Promise<TopicWriter> {
    const link = new ClusterLink(kafka, logger);
    try {
      const count = (await link.ask(`partitions of ${topic}`, (cluster) => partitionsOf(cluster, topic))).length;
      return new TopicWriter(topic, await openIdempotent(kafka), count, logger);
    } finally {
      await link.close();
    }
  }

  private constructor(topic: string, opened: Opened<IdempotentProducer>, partitions: number, logger: Logger) {
    this.#topic = topic;
    this.#opened = opened;
    this.#partitions = partitions;
    this.#logger = logger;
  }

  /**
   * All of them are in the log once this resolves: as many bytes as one partition's `max.message.bytes` at most. One
   * call at a time.
   * @throws where it is not known whether all are: the writer is of no more use.
   */
  async send(records: readonly KeyedRecord[]): Promise<void> {
    const [topic, partitions] = [this.#topic, this.#partitions];
    const placed = records.map(({ key, recordBody }) => ({
      partition: partitionByKey(topic, key, partitions),
      recordBody,
    }));
    await this.#opened.producer.send(batchesOf(topic, placed, Date.now()));
  }

  /** Resolves within seconds, whatever is away; never throws. */
  async close(): Promise<void> {
    await closeProducer(this.#opened, this.#logger);
  }
}
