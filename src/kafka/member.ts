import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import kafkajs from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import type { RecordBatch } from '../processor/ports.ts';
import { stickyAssigner } from './assigner.ts';
import { type Delivery, watchFetches } from './fetches.ts';
import { Flow, type Reader } from './flow.ts';
import { within } from './within.ts';

/** Bytes of a partition in one fetch. Measured: 256 KB to 2 MB take the same time a record; this keeps memory small. */
const PARTITION_BYTES = 512 * 1024;
/** Bytes of one fetch, ten partitions or so at full speed: this is what records that are kept hold in memory. */
export const FETCH_BYTES = 10 * 1024 * 1024;
/** Longest wait of the broker for a first record, in ms, and of the consumer when everything is paused. */
const FETCH_WAIT = 250;

export interface MemberOptions {
  readonly topic: string;
  readonly group: string;
  /** How many partitions the topic has: all are worked on at once. */
  readonly partitions: number;
  /** How long the group waits for a member that is silent, in ms: a killed processor's partitions stand still for it. */
  readonly sessionTimeout: number;
  readonly logger: Logger;
  /** Of the process, as it owns partitions in the store: whoever comes after a crash finds its members by it. */
  readonly processor: string;
  /** Where it runs, for fetches from the nearest replica; null: from the leaders. */
  readonly rack?: string | null;
  /** Partitions this member had last, to keep them if it may. */
  readonly owned: () => readonly number[];
}

/** What a member tells. Nothing is told after `left`. */
export interface MemberListener {
  assigned(partitions: readonly number[]): void;
  batch(batch: RecordBatch): Promise<boolean>;
  moved(partition: number, from: number, next: number): void;
  /** The flow is blocked and waits for what is to be done. */
  outOfRange(flow: Flow, goOn: (next: number) => void): void;
  /** KafkaJS gave up: this member is of no more use. */
  left(error: Error): void;
}

/** One membership of the group, from joining to leaving or to an error that KafkaJS does not get over. */
export class Member implements Reader {
  readonly #consumer: Consumer;
  readonly #options: MemberOptions;
  readonly #listener: MemberListener;
  readonly #closing = new AbortController();
  /** Where each batch that is on its way to KafkaJS's handler was fetched from. */
  readonly #arrived = new Map<number, { readonly from: number; readonly generation: number }>();
  readonly #joined = Promise.withResolvers<void>();
  #flows = new Map<number, Flow>();
  #running = false;
  #disconnected = false;
  #inGroup = false;
  #id: string | null = null;

  constructor(kafka: Kafka, options: MemberOptions, listener: MemberListener) {
    this.#options = options;
    this.#listener = listener;
    const { topic, group, sessionTimeout, processor, owned, rack } = options;
    const sticky = stickyAssigner(topic, () => ({ processor, owned: owned() }));
    this.#consumer = kafka.consumer({
      groupId: group,
      rackId: rack ?? '',
      sessionTimeout,
      // A member hears with its next heartbeat that the group deals anew, and all wait for the last one.
      heartbeatInterval: Math.floor(sessionTimeout / 20),
      // As long as the slowest may take to come back in: a batch keeps a member 1.5 s at most.
      rebalanceTimeout: Math.max(30_000, sessionTimeout),
      maxBytesPerPartition: PARTITION_BYTES,
      maxBytes: FETCH_BYTES,
      maxWaitTimeInMs: FETCH_WAIT,
      allowAutoTopicCreation: false,
      readUncommitted: false,
      // It would start again by itself after some errors, with what it held before: each membership here is new.
      retry: { restartOnFailure: async () => false },
      partitionAssigners: [
        (given) => {
          watchFetches(given.cluster, {
            arrived: (partition, from) => this.#wanted(partition, from),
            outOfRange: (partition) => this.#outOfRange(partition),
          });
          return sticky(given);
        },
        // For the time when members of another kind are in the group.
        kafkajs.PartitionAssigners.roundRobin,
      ],
    });
    const { GROUP_JOIN, END_BATCH_PROCESS, CRASH } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#join(payload.memberId, payload.memberAssignment[topic] ?? []));
    this.#consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      if (payload.batchSize === 0) this.#moved(payload.partition, Number(payload.lastOffset) + 1);
    });
    this.#consumer.on(CRASH, ({ payload }) => this.#left(payload.error));
  }

  /** Id in the group; null before it has joined and after it has left. */
  get id(): string | null {
    return this.#inGroup ? this.#id : null;
  }

  /** The id it had last, also after it has left. */
  get lastId(): string | null {
    return this.#id;
  }

  get flows(): ReadonlyMap<number, Flow> {
    return this.#flows;
  }

  /**
   * Resolves once joining has begun.
   * @param together awaited right before that.
   * @throws while the brokers are away, and where the topic is not there.
   */
  async begin(together?: () => Promise<void>): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic: this.#options.topic, fromBeginning: true });
    await together?.();
    // Left meanwhile: what has been connected since has to go again.
    if (this.#closing.signal.aborted) return this.#consumer.disconnect();
    this.#running = true;
    this.#consumer
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: Math.max(1, this.#options.partitions),
        eachBatch: (payload) => this.#batch(payload),
      })
      .catch((error: Error) => this.#left(error));
  }

  seek(partition: number, offset: number): void {
    if (this.#inGroup) this.#consumer.seek({ topic: this.#options.topic, partition, offset: String(offset) });
  }

  pause(partition: number): void {
    if (this.#inGroup) this.#consumer.pause([{ topic: this.#options.topic, partitions: [partition] }]);
  }

  resume(partition: number): void {
    if (this.#inGroup) this.#consumer.resume([{ topic: this.#options.topic, partitions: [partition] }]);
  }

  async commit(offsets: ReadonlyMap<number, number>): Promise<void> {
    const { topic } = this.#options;
    const own = [...offsets].filter(([partition]) => this.#flows.has(partition));
    if (!this.#inGroup || own.length === 0) return;
    await this.#consumer.commitOffsets(
      own.map(([partition, offset]) => ({ topic, partition, offset: String(offset) })),
    );
  }

  /** Leaves the group. Resolves within `timeout` ms; what is left to do then goes on behind it. */
  async leave(timeout: number): Promise<void> {
    this.#closing.abort();
    this.#endFlows();
    const { logger } = this.#options;
    await within(
      timeout,
      this.#disconnect(timeout / 2).catch((error: unknown) =>
        logger.debug({ err: messageOf(error) }, 'the consumer did not close'),
      ),
      () => logger.warn('leaving the consumer group takes long; the group drops this member by itself'),
    );
  }

  async #disconnect(joining: number): Promise<void> {
    // KafkaJS's stop does nothing to a consumer that is still joining: it would join, and stay.
    if (this.#running && this.#id === null) await within(joining, this.#joined.promise, () => {});
    // It counts as running a few promises after the event.
    await nextTurn();
    this.#inGroup = false;
    this.#disconnected = true;
    await this.#consumer.disconnect();
  }

  #join(id: string, partitions: readonly number[]): void {
    // Ends what would otherwise run on, with an error as if joining had failed.
    if (this.#disconnected) throw new Error('joined the consumer group after leaving it');
    this.#id = id;
    this.#inGroup = true;
    this.#joined.resolve();
    if (this.#closing.signal.aborted) return;
    this.#endFlows();
    this.#flows = new Map(partitions.map((partition) => [partition, new Flow(partition, this)]));
    this.#listener.assigned([...partitions].sort((a, b) => a - b));
  }

  async #batch({ batch, resolveOffset, heartbeat }: EachBatchPayload): Promise<void> {
    const flow = this.#flows.get(batch.partition);
    const from = Number((batch as unknown as { readonly fetchedOffset: string }).fetchedOffset);
    if (!flow?.expects(from)) return;
    const [delivery] = batch.messages as unknown as readonly Delivery[];
    const last = batch.lastOffset();
    const given: RecordBatch = {
      partition: batch.partition,
      from,
      next: Number(last) + 1,
      records: delivery?.records ?? [],
      highWatermark: Number(batch.highWatermark),
    };
    const readOn = await flow.deliver(given, (it) => this.#listener.batch(it), heartbeat, this.#closing.signal);
    if (readOn) resolveOffset(last);
  }

  /** An answer came. What is not wanted is dropped, and the consumer is put right: it may have lost its position. */
  #wanted(partition: number, from: number): boolean {
    const flow = this.#flows.get(partition);
    if (flow === undefined) return false;
    if (!flow.expects(from)) {
      flow.correct();
      return false;
    }
    this.#arrived.set(partition, { from, generation: flow.generation });
    return true;
  }

  #moved(partition: number, next: number): void {
    const flow = this.#flows.get(partition);
    const arrived = this.#arrived.get(partition);
    if (flow === undefined || arrived === undefined || arrived.generation !== flow.generation) return;
    if (flow.moved(arrived.from, next)) this.#listener.moved(partition, arrived.from, next);
  }

  #outOfRange(partition: number): void {
    const flow = this.#flows.get(partition);
    if (flow !== undefined) this.#listener.outOfRange(flow, flow.block());
  }

  #endFlows(): void {
    for (const flow of this.#flows.values()) flow.end();
    this.#flows = new Map();
    this.#arrived.clear();
  }

  #left(error: Error): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#inGroup = false;
    this.#joined.resolve();
    this.#endFlows();
    this.#listener.left(error);
  }
}
