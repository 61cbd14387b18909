/**
 * What the processor asks of the input log, and what the log reports to it. `kafka/` has the real form, `memory/` the one
 * for tests that control time and crashes.
 */
import type { RawRecord } from './record.ts';

export interface RecordBatch {
  readonly partition: number;
  /** The offset that was asked for: the chain holds if it is where the batch before ended. */
  readonly from: number;
  /** Position after the batch, where the next one begins. It is past the last record's offset + 1 where holes follow. */
  readonly next: number;
  readonly records: readonly RawRecord[];
  /** End offset of the partition, as the broker sent it with the batch. */
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
  /** Only markers and aborted records lay between: the position moved without a batch. */
  moved(partition: number, from: number, next: number): void;
  /**
   * The brokers name another leader, or another topic of the name, so the log may not be the one that was read. Nothing
   * more of the partition comes before it is sought anew, where the record folded last can be compared.
   */
  questioned(partition: number): void;
  /** Brokers failed, or did not answer; the reader tries again. */
  faltered(): void;
  /** The reader failed for good and cannot restart by itself. */
  failed(error: Error): void;
}

export interface InputLog {
  /** Joins the group. Resolves once joining has begun; retries while the broker is away, and logs that. */
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
  /** Whether the group, asked now, still gives this member the partition. False where it does not answer. */
  holds(partition: number): Promise<boolean>;
  /** For lag tools only; errors are logged and do not matter. */
  commit(offsets: ReadonlyMap<number, number>): Promise<void>;
  /** Whether the group answers, and has it for a member. */
  readonly inGroup: boolean;
  /** Why the group does not answer; null: it does. */
  readonly trouble: string | null;
  /** Why a partition that is to be read cannot be, and since when, ms since the epoch; null: it can. */
  unread(partition: number): { readonly since: number; readonly error: string } | null;
  /** Leaves the group. Resolves within seconds, even where brokers are away. */
  stop(): Promise<void>;
}
