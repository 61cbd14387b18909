/**
 * What the processor asks of the log, the store and the output. Each has one real form (`kafka/`, `postgres/`) and one
 * in memory (`memory/`), which serves tests that control time and crashes, and a demo without real parts.
 */
import type { Changes, Emission, PartitionState } from '../core/changes.ts';
import type { HistoryQuery, HistoryReach, SessionHistory } from '../core/history.ts';
import type { Visit } from '../core/memory/visit.ts';

// ---------------------------------------------------------------------------------------------------- the input log

/**
 * A record as it came. Its buffers are slices of all that was fetched with it, and nobody writes to them: whoever keeps
 * one for long holds the whole fetch in memory, and should copy it instead.
 */
export interface RawRecord {
  readonly offset: number;
  /** ms since the epoch. */
  readonly timestamp: number;
  /** Whether the broker made the timestamp; false: whoever wrote the record did. Left out: the broker. */
  readonly stamped?: boolean | undefined;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** In the order of the record; a name may stand more than once. */
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

export interface RecordBatch {
  readonly partition: number;
  /** The offset that was asked for: the chain holds if it is where the one before ended. */
  readonly from: number;
  /** Position after the batch: where the next one begins. Past the last record's offset + 1 where holes follow. */
  readonly next: number;
  readonly records: readonly RawRecord[];
  /** End offset of the partition as the broker said with the batch. */
  readonly highWatermark: number;
}

export interface InputListener {
  /**
   * The group gave this processor these partitions, and no others; all of them are paused. Called again after each
   * rebalance, also where nothing changed: positions have to be sought anew.
   */
  assigned(partitions: readonly number[]): void;
  /** The group was left, or the membership lost: no partition is ours until `assigned` is called again. */
  revoked(): void;
  /**
   * Records, in order within a partition. The reader waits for the promise before it reads this partition on; a
   * promise that takes long must not keep other partitions waiting (the reader pauses the partition meanwhile).
   */
  batch(batch: RecordBatch): Promise<void>;
  /** Nothing but markers and aborted records lay between: the position moved without a batch. */
  moved(partition: number, from: number, next: number): void;
  /**
   * The brokers tell of another leader, or another topic of the name: whether the log still is the one that was read is in
   * question. Nothing more comes of the partition before it is sought anew, where what was folded last can be compared.
   */
  questioned(partition: number): void;
  /** Brokers failed, or did not answer; it is tried again. */
  faltered(): void;
  /** The reader failed for good and cannot restart by itself. */
  failed(error: Error): void;
}

export interface InputLog {
  /** Joins the group. Resolves once joining has begun; retries while the broker is away, saying so. */
  start(listener: InputListener): Promise<void>;
  /**
   * Reads on from `offset`.
   * @param anew what comes first is compared with what was folded, or nothing was folded: the log is taken as it is now.
   */
  seek(partition: number, offset: number, anew?: boolean): void;
  resume(partition: number): void;
  pause(partition: number): void;
  /** Earliest offset and end offset (high watermark), asked of the broker now. */
  bounds(partition: number): Promise<{ readonly earliest: number; readonly end: number }>;
  /**
   * For every partition of the topic whose leader answers at once: earliest offset, and the end behind all that was
   * appended, visible or not. What lies between the high watermark and it is stamped already.
   */
  allBounds(): Promise<ReadonlyMap<number, { readonly earliest: number; readonly end: number }>>;
  /** First offset at or after a time in ms; the end where there is none. */
  offsetAt(partition: number, timestamp: number): Promise<number>;
  /** Whether the group, asked now, still gives this member the partition. False if it cannot be told. */
  holds(partition: number): Promise<boolean>;
  /** For lag tools only; errors are logged and do not matter. */
  commit(offsets: ReadonlyMap<number, number>): Promise<void>;
  /** Whether the group answers, and has it for a member. */
  readonly inGroup: boolean;
  /** That the group does not answer, and why; null: it does. */
  readonly trouble: string | null;
  /** Why a partition that is to be read cannot be, and since when, ms since the epoch; null: it can. */
  unread(partition: number): { readonly since: number; readonly error: string } | null;
  /** Leaves the group. Resolves within seconds, whatever is away. */
  stop(): Promise<void>;
}

// -------------------------------------------------------------------------------------------------------- the store

/** A record that was folded, to tell whether the log is still the same. */
export interface RecordMark {
  readonly offset: number;
  /** Hex SHA-256 over timestamp, key and value: see `markOf`. */
  readonly digest: string;
}

/** Messages of one commit, encoded: sequences from `first` up to, not including, `next`. */
export interface OutboxRow {
  readonly first: number;
  readonly next: number;
  /** `wire/outbox.ts` has its layout. */
  readonly payload: Buffer;
}

/** What the fold gives out, encoded as it arises, until a commit takes it. */
export interface Outgoing {
  /** The next message: sequences have no hole. */
  add(emission: Emission<RawRecord>): void;
  /** All that was added since the last time, for one commit; null: nothing. */
  take(): OutboxRow | null;
}

export type { HistoryQuery, HistoryReach, SessionHistory, SessionKey } from '../core/history.ts';

export interface Commit<Raw> {
  readonly changes: Changes<Raw>;
  /** Until when each ended visit in `changes` can be amended, ms. */
  readonly amendableUntil: (visit: Visit) => number;
  readonly outbox: OutboxRow | null;
  readonly lastRecord: RecordMark | null;
  /** Position of the publisher as far as it is known; rows below it are deleted. */
  readonly published: number;
  /** Writer schemas that this commit is the first to use. */
  readonly writerSchemas: readonly UsedSchema[];
}

/** A writer schema that decodes a partition's records from an offset on: those before it that name it were undecodable. */
export interface UsedSchema {
  readonly id: number;
  /** Avro schema as JSON text. */
  readonly schema: string;
  readonly fromOffset: number;
}

/** The store refused: another epoch owns the partition, or its row is not as expected. Nothing was written. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

/** A partition as it was taken over: what a processor may do with it until it is fenced. */
export interface Lease<Raw> {
  readonly partition: number;
  readonly epoch: number;
  readonly state: PartitionState;
  /** False: this partition has never been folded; `state.nextOffset` is to be chosen by `input.start`. */
  readonly started: boolean;
  readonly lastRecord: RecordMark | null;
  readonly open: Visit[];
  /** The publisher's position as Postgres knows it: sequence of the next message to send. */
  readonly published: number;
  /** Bytes in the outbox at and past `published`. */
  readonly outboxBytes: number;
  /** Writer schemas kept, by registry id: Avro schema as JSON text. */
  readonly writerSchemas: ReadonlyMap<number, string>;

  /**
   * Reads what is committed, and does not wait for a commit that is under way: nothing of one that has not resolved may be
   * needed. An error is as one of a commit: take over again.
   */
  history(query: HistoryQuery): Promise<SessionHistory[]>;
  /**
   * Session ids of all ended visits that `history` could find, some more than once, in pieces; all that was committed
   * before the first piece was asked for. Commits go on meanwhile. Returning from the iterator gives up the reading. Takes
   * a connection of its own until it ends; an error matters to nothing else.
   */
  endedSessions(reach: HistoryReach): AsyncIterable<readonly string[]>;
  /**
   * One transaction, fenced by epoch and by the next offset and commit number that are expected. Reads all of `commit`
   * before it returns its promise, so the fold may go on at once.
   * @throws Fenced — nothing was written.
   * @throws any other error — the outcome is unknown: take over again.
   */
  commit(commit: Commit<Raw>): Promise<void>;
  /** Rows in order from the one that holds `from`, at least one, then as many as fit into `maxBytes`. */
  outbox(from: number, maxBytes: number): Promise<OutboxRow[]>;
  /** Records how far the outbox is published, and deletes what is below. */
  acknowledge(published: number): Promise<void>;
  /** Gives up the owner's entry and the connection. Resolves within a second or two; never throws. */
  release(): Promise<void>;
}

export interface Store<Raw> {
  /** New epoch; whoever held the partition can commit no more once this resolves. @throws while Postgres is away. */
  takeOver(partition: number): Promise<Lease<Raw>>;
  close(): Promise<void>;
}

// ------------------------------------------------------------------------------------------------------- the output

/** Each stands in outbox rows as its place in this list. */
export const OUTPUT_TOPICS = ['output', 'dead-letter', 'late'] as const;

export type OutputTopic = (typeof OUTPUT_TOPICS)[number];

/** A message to send. */
export interface OutMessage {
  readonly topic: OutputTopic;
  readonly sequence: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** Messages of an outbox row, one behind the other, in the bytes that will be sent. Iterating decodes each. */
export interface OutMessages extends Iterable<OutMessage> {
  /** Sequence of the first, and behind the last. */
  readonly first: number;
  readonly next: number;
  /** Of each: its place in `OUTPUT_TOPICS`. */
  readonly topics: Uint8Array;
  /** Of each: where key, value and headers lie in `bytes`, as a Kafka record of format 2 has them. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly bytes: Buffer;
  /** The i-th, decoded. */
  message(i: number): OutMessage;
  /** From the i-th up to, not including, the j-th. */
  slice(i: number, j: number): OutMessages;
}

/** A message of an output topic, as read back. */
export interface PublishedMessage {
  readonly topic: OutputTopic;
  readonly sequence: number;
  /** Of the output topic's messages; null for records set aside. */
  readonly value: Buffer | null;
}

/** A transactional producer that has fenced its predecessor. After any error it is of no use: close and open anew. */
export interface OutputSession {
  /** The position kept in Kafka: sequence of the next message to send. null: there is none, or it expired. */
  position(): Promise<number | null>;
  /** One transaction: these messages, in order and without a hole, and the position behind them. */
  send(messages: readonly OutMessages[], next: number): Promise<void>;
  /** Writes the position anew, so that it does not expire. */
  keep(next: number): Promise<void>;
  /** Committed messages of this partition in the output topics whose sequence is at least `from`, by sequence. */
  readBack(from: number): Promise<PublishedMessage[]>;
  /** Resolves within a second or two, whatever is away; never throws. */
  close(): Promise<void>;
}

export interface Output {
  /** A new producer, its predecessor fenced, by the time this resolves. */
  open(partition: number): Promise<OutputSession>;
  close(): Promise<void>;
}
