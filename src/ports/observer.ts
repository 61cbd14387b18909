/** The parts that are outside and may be away. */
export type OutsidePart = 'broker' | 'registry' | 'store';

/**
 * A partition may have to wait for answers of Postgres, of the brokers that have the input, or of the registry; for room in
 * the outbox; for its messages to be published; or for the group to answer whose it is.
 */
export const BLOCKERS = ['store', 'brokers', 'registry', 'publisher', 'output', 'group'] as const;

export type Blocker = (typeof BLOCKERS)[number];

/** Something that a partition waits for. */
export interface Wait {
  readonly for: Blocker;
  /** ms since the epoch. */
  readonly since: number;
  /** Goes on from "partition 3": `waits for Postgres: a commit is not answered`. Stays the same while it lasts. */
  readonly why: string;
}

/** Learns of what happens, for metrics; must not throw. */
export interface Observer {
  /** A commit is in the store. `bytes` as `commit.max_bytes` bounds them. */
  committed(commit: {
    readonly partition: number;
    readonly ms: number;
    readonly rows: number;
    readonly records: number;
    readonly bytes: number;
  }): void;
  /** A transaction of the publisher went through. `delays`: ms from due to published, of each end that is out now. */
  published(sent: {
    readonly partition: number;
    readonly ms: number;
    readonly messages: number;
    readonly delays: readonly number[];
  }): void;
  /** Records whose key is not their session id: their session may be spread over partitions, and so be cut in two. */
  misplaced(records: { readonly partition: number; readonly count: number }): void;
  /** A part failed; it is tried again. */
  failed(part: OutsidePart): void;
  /** The group gave out partitions. */
  rebalanced(): void;
  /** A partition was taken over: new epoch, state loaded. */
  takenOver(taken: { readonly partition: number; readonly ms: number; readonly openVisits: number }): void;
}

/** What a partition's life reports about itself. Times in ms since the epoch; null: not known yet. */
export interface PartitionReport {
  readonly partition: number;
  readonly phase: 'waiting' | 'taking over' | 'running' | 'ended';
  readonly epoch: number | null;
  /** All up to here is folded and committed. Offset, clocks, visits and counts are those of the last commit. */
  readonly nextOffset: number | null;
  /** End of the partition as last heard from the broker. */
  readonly end: number | null;
  /** When nothing was left to commit for the last time, by this machine's clock; null: not since the take-over. */
  readonly drainedAt: number | null;
  readonly arrivalClock: number | null;
  readonly eventClock: number | null;
  readonly watermark: number | null;
  readonly openVisits: number;
  /** No open visit is due before this; null: none is open. */
  readonly nextDue: number | null;
  /** Messages, and bytes, committed but not published yet. */
  readonly backlogMessages: number;
  readonly backlogBytes: number;
  /** When the oldest message not yet published was committed. */
  readonly backlogSince: number | null;
  readonly counts: Readonly<Record<string, number>> | null;
  /** What it waits for at this moment, what holds back most first; while it is folded, also for what has only just begun. */
  readonly waits: readonly Wait[];
  /** When the oldest call to the store began that is under way; null: none is. */
  readonly storeCallSince: number | null;
}
