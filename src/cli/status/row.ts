import type { PartitionStatus } from '../../postgres/status.ts';

/**
 * What holds a partition back. Reported by its processor: `store`, Postgres; `brokers`, it cannot be read; `schema`, the
 * registry; `outbox`, more than `outbox.max_bytes` waits to be published; `output`, nothing can be published; `group`. Seen
 * from here: `brokers`, they do not answer, or it has no leader; `store`, its processor is not connected to Postgres, or
 * Postgres does not answer; `group`, the group rebalances; `no_processor`; `outbox`; `schema`; `standing`, there is something
 * to fold, and nothing was committed while it was looked at; `catching_up`, there is a backlog, which shrinks or grows.
 */
export interface Hold {
  readonly kind:
    | 'brokers'
    | 'no_processor'
    | 'outbox'
    | 'schema'
    | 'standing'
    | 'catching_up'
    | 'store'
    | 'output'
    | 'group';
  /** A sentence without a full stop. */
  readonly text: string;
}

/** A partition as `status --json` shows it. Times in ms since the epoch; null: not known, or not there yet. */
export interface Row {
  readonly partition: number;
  readonly started: boolean;
  readonly nextOffset: number | null;
  readonly end: number | null;
  /** Records left to fold: all that it holds, if it was never folded. */
  readonly lag: number | null;
  readonly arrivalClock: number | null;
  readonly eventClock: number | null;
  readonly watermark: number | null;
  readonly openVisits: number;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  readonly owner: string | null;
  readonly ownerConnected: boolean;
  readonly epoch: number | null;
  readonly anticipationsWrong: number;
  readonly counts: PartitionStatus['counts'] | null;
  /** null: nothing holds it back. */
  readonly hold: Hold | null;
  /** How fast a backlog is worked off; null: there is none, or it was not measured. */
  readonly recordsPerSecond: number | null;
  /** ms until nothing is left; null: not known, or never at this pace. */
  readonly caughtUpIn: number | null;
}
