/**
 * What the processor asks of the store. `postgres/` has the real form, `memory/` the one for tests that control time and
 * crashes.
 */
import type { Changes, PartitionState } from '../core/changes.ts';
import type { HistoryQuery, HistoryReach, SessionHistory } from '../core/history.ts';
import type { Visit } from '../core/memory/visit.ts';
import type { RecordDigest } from './record.ts';

/** The messages of one commit, encoded: sequences from `first` up to, not including, `next`. */
export interface OutboxRow {
  readonly first: number;
  readonly next: number;
  /** `wire/outbox.ts` has its layout. */
  readonly payload: Buffer;
}

export type { HistoryQuery, HistoryReach, SessionHistory, SessionKey } from '../core/history.ts';

export interface Commit<Raw> {
  readonly changes: Changes<Raw>;
  /** Until when each ended visit in `changes` can be amended, ms. */
  readonly amendableUntil: (visit: Visit) => number;
  readonly outbox: OutboxRow | null;
  readonly lastRecord: RecordDigest | null;
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
  readonly lastRecord: RecordDigest | null;
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
  /** Begins a new epoch; the owner before can commit no more once this resolves. @throws while Postgres is away. */
  takeOver(partition: number): Promise<Lease<Raw>>;
  close(): Promise<void>;
}
