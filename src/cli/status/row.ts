import type { PartitionStatus } from '../../postgres/status.ts';

/**
 * What holds a partition back. Of what the processor said that has it: `store`, Postgres; `brokers`, it cannot be read;
 * `schema`, the registry; `outbox`, more than `outbox.max_bytes` waits to be published; `output`, nothing can be published;
 * `group`. What is seen from here: `brokers`, they do not answer, or nobody leads it; `store`, who has it is not connected to
 * Postgres, or Postgres does not answer; `group`, it is being dealt out; `no_processor`; `outbox`; `schema`; `standing`, there
 * is something to fold, and nothing was committed while it was looked at; `catching_up`, there is a backlog, and it is worked
 * off, or grows.
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
  /** In a sentence, without a full stop. */
  readonly text: string;
}

export interface Bounds {
  readonly earliest: number;
  readonly end: number;
}

/** A partition as `status --json` shows it. Times in ms since the epoch; null: not known, or not there yet. */
export interface Row {
  readonly partition: number;
  readonly started: boolean;
  readonly nextOffset: number | null;
  readonly end: number | null;
  /** Records; of a partition that was never folded, all that it holds. */
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
  /** ms until nothing is left; null: not known, or never as it goes now. */
  readonly caughtUpIn: number | null;
}
