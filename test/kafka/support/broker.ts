import kafkajs, { type Kafka, type Message } from 'kafkajs';
import { type Logger, pino } from 'pino';
import { kafkaClient } from '../../../src/kafka/client.ts';
import { KafkaInputLog, type SourceOptions } from '../../../src/kafka/source.ts';
import type { InputListener, RecordBatch } from '../../../src/ports/log.ts';
import type { RawRecord } from '../../../src/ports/record.ts';
import { kafkaAddress } from '../../support/parts.ts';
import { stack, uniqueName } from '../../support/stack.ts';
import { until } from '../../support/until.ts';

export const quiet: Logger = pino({ level: process.env.TEST_LOG ?? 'silent' });

export function client(): Kafka {
  return kafkaClient(kafkaAddress(stack()), quiet);
}

/** A new topic. It is never deleted: names are unique and the broker lives as long as the tests. */
export async function makeTopic(partitions = 1, config: Record<string, string> = {}): Promise<string> {
  const topic = uniqueName('kafka');
  const admin = client().admin();
  await admin.connect();
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  // KafkaJS's own waiting fails at once where a broker has not heard of the topic yet.
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: partitions, configEntries }] });
  await until('the topic has leaders', async () => {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      return topics[0]!.partitions.length === partitions && topics[0]!.partitions.every(({ leader }) => leader >= 0);
    } catch (error) {
      if (!/UNKNOWN_TOPIC_OR_PARTITION|LEADER_NOT_AVAILABLE/.test((error as { type?: string }).type ?? '')) throw error;
      return false;
    }
  });
  await admin.disconnect();
  return topic;
}

export async function produce(topic: string, messages: Message[], compression = kafkajs.CompressionTypes.None) {
  // Idempotent: a request that a broker takes in part, as while it comes up, is sent again as a whole.
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = client().producer({ createPartitioner, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (const own of byPartition(messages)) await producer.send({ topic, messages: own, compression });
  await producer.disconnect();
}

/** A partition a request: KafkaJS sends twice, or not at all, to some of several leaders. */
function byPartition(messages: readonly Message[]): Iterable<Message[]> {
  return Map.groupBy(messages, ({ partition }) => partition).values();
}

/** A producer of one transaction at a time, to leave committed and aborted ones in a topic. */
export async function transactions(topic: string) {
  const producer = client().producer({
    transactionalId: uniqueName('t'),
    idempotent: true,
    maxInFlightRequests: 1,
    retry: { initialRetryTime: 10, retries: 20 },
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const begin = async (messages: Message[]) => {
    const transaction = await producer.transaction();
    for (const own of byPartition(messages)) await transaction.send({ topic, messages: own });
    return transaction;
  };
  return {
    begin,
    committed: async (...messages: Message[]) => await (await begin(messages)).commit(),
    aborted: async (...messages: Message[]) => await (await begin(messages)).abort(),
    close: () => producer.disconnect(),
  };
}

export const text = (record: Pick<RawRecord, 'value'>): string => String(record.value);

/** A listener that reads every partition from its own position on, as a processor does, and writes all down. */
export class Reader implements InputListener {
  readonly log: KafkaInputLog;
  readonly assignments: (readonly number[])[] = [];
  readonly batches: RecordBatch[] = [];
  readonly moves: { partition: number; from: number; next: number }[] = [];
  readonly failures: Error[] = [];
  revocations = 0;
  falterings = 0;
  /** Partitions of which it was in question whether their log goes on. */
  readonly questions: number[] = [];
  /** What to do then: what was read last is not compared. */
  onQuestioned = (partition: number): void => {
    this.log.seek(partition, this.positions.get(partition)!, true);
  };
  /** Where each partition goes on; shared by readers that take over from each other. */
  readonly positions: Map<number, number>;
  /** What a batch waits for before it is taken. */
  hold: (batch: RecordBatch) => Promise<unknown> = async () => {};
  /** What to do with partitions that come. */
  onAssigned = (partitions: readonly number[]): void => {
    for (const partition of partitions) this.read(partition);
  };

  constructor(options: Pick<SourceOptions, 'topic' | 'group'> & Partial<SourceOptions>, positions = new Map()) {
    this.positions = positions;
    this.log = new KafkaInputLog({
      logger: quiet,
      ...options,
      address: options.address ?? kafkaAddress(stack()),
    });
  }

  read(partition: number, from = this.positions.get(partition) ?? 0): void {
    this.positions.set(partition, from);
    this.log.seek(partition, from);
    this.log.resume(partition);
  }

  get owned(): readonly number[] {
    return this.assignments.at(-1) ?? [];
  }

  /** Values read of a partition, or of all, in the order they came. */
  values(partition?: number): string[] {
    return this.batches
      .filter((batch) => partition === undefined || batch.partition === partition)
      .flatMap(({ records }) => records.map(text));
  }

  assigned(partitions: readonly number[]): void {
    this.assignments.push(partitions);
    this.onAssigned(partitions);
  }

  revoked(): void {
    this.revocations += 1;
  }

  async batch(batch: RecordBatch): Promise<void> {
    if (batch.from !== this.positions.get(batch.partition)) {
      this.failures.push(new Error(`batch from ${batch.from}, position ${this.positions.get(batch.partition)}`));
    }
    this.batches.push(batch);
    this.positions.set(batch.partition, batch.next);
    await this.hold(batch);
  }

  moved(partition: number, from: number, next: number): void {
    if (from !== this.positions.get(partition)) this.failures.push(new Error(`moved from ${from}`));
    this.moves.push({ partition, from, next });
    this.positions.set(partition, next);
  }

  questioned(partition: number): void {
    this.questions.push(partition);
    this.onQuestioned(partition);
  }

  faltered(): void {
    this.falterings += 1;
  }

  failed(error: Error): void {
    this.failures.push(error);
  }
}
