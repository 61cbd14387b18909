import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { registerCodecs } from '../../../src/kafka/codecs.ts';
import { PARTITIONS, type TestPipeline } from '../../e2e/support/pipeline.ts';
import { plainKafka, plainProducer, sendEach } from '../../support/plain-kafka.ts';

/** A record to write. `partition` null: by the key. */
export interface Bad {
  /** What is bad about it: for people, when a test failed. */
  readonly what: string;
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers?: Readonly<Record<string, Buffer | string | (Buffer | string)[]>>;
  readonly partition?: number;
}

export const CODECS = Object.keys(kafkajs.CompressionTypes) as (keyof typeof kafkajs.CompressionTypes)[];

/** Most bytes and records of one request. */
const REQUEST = { bytes: 1_000_000, records: 2_000 };

/** Writes to a pipeline's input whatever it is given, and keeps count of what counts. */
export class Feed {
  readonly #kafka: Kafka;
  readonly #producer: Producer;
  readonly #topic: string;
  /** Records in the log that a read-committed reader is given. */
  written = 0;

  static async open({ parts, name }: TestPipeline): Promise<Feed> {
    registerCodecs();
    const producer = await plainProducer(parts, { idempotent: true, maxInFlightRequests: 1 });
    return new Feed(plainKafka(parts), producer, name);
  }

  private constructor(kafka: Kafka, producer: Producer, topic: string) {
    this.#kafka = kafka;
    this.#producer = producer;
    this.#topic = topic;
  }

  async write(records: Iterable<Bad>, codec: (typeof CODECS)[number] = 'None'): Promise<void> {
    let batch: Bad[] = [];
    let bytes = 0;
    for (const record of records) {
      batch.push(record);
      bytes += (record.value?.length ?? 0) + (record.key?.length ?? 0) + 100;
      if (bytes < REQUEST.bytes && batch.length < REQUEST.records) continue;
      await this.#send(this.#producer, batch, codec);
      batch = [];
      bytes = 0;
    }
    if (batch.length > 0) await this.#send(this.#producer, batch, codec);
  }

  /** In a transaction that is aborted: in the log, and to count nowhere. */
  async abort(records: readonly Bad[]): Promise<void> {
    const producer = this.#kafka.producer({
      transactionalId: `${this.#topic}-${crypto.randomUUID()}`,
      ...{ idempotent: true, maxInFlightRequests: 1, retry: { initialRetryTime: 20, retries: 12 } },
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    try {
      const transaction = await producer.transaction();
      const messages = records.map(({ key, value, headers = {} }) => ({ key, value, headers: { ...headers } }));
      await transaction.send({ topic: this.#topic, messages });
      await transaction.abort();
    } finally {
      await producer.disconnect();
    }
  }

  async #send(producer: Producer, records: readonly Bad[], codec: (typeof CODECS)[number]): Promise<void> {
    const messages = records.map(({ key, value, headers = {}, partition }) => ({
      ...{ key, value, headers: { ...headers } },
      ...(partition === undefined ? {} : { partition }),
    }));
    await sendEach(producer, this.#topic, PARTITIONS, messages, kafkajs.CompressionTypes[codec]);
    this.written += records.length;
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}
