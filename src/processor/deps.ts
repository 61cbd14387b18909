import type { Logger } from 'pino';
import type { IdleMemory } from '../core/memory/stored-summaries.ts';
import type { LogRecord } from '../core/rules/event.ts';
import type { Rules } from '../core/rules/rules.ts';
import type { InputLog } from '../ports/log.ts';
import type { Observer } from '../ports/observer.ts';
import type { Outgoing, OutMessages, Output } from '../ports/output.ts';
import type { RawRecord } from '../ports/record.ts';
import type { Store } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import type { CommitMemory } from './committer.ts';
import type { Start } from './continuity.ts';
import type { WriterSchemas } from './schemas.ts';

export interface PartitionSettings {
  readonly topic: string;
  readonly rules: Rules;
  /** Longest that a change waits for its commit while there is more to fold, ms. */
  readonly commitInterval: number;
  /** Bytes of input, and of the messages that come of it, after which a commit is taken. */
  readonly commitMaxBytes: number;
  /** Folding pauses while more than this is committed and not published. */
  readonly outboxMaxBytes: number;
  /** Subtracted from the instance's clock where it stands in for the next record, ms; null: it never does. */
  readonly clockMargin: number | null;
  readonly start: Start;
}

export interface PartitionDeps {
  readonly log: InputLog;
  readonly store: Store<RawRecord>;
  readonly output: Output;
  readonly schemas: WriterSchemas;
  /** Never throws: a record that cannot be decoded becomes a refusal. */
  readonly decode: (partition: number, record: RawRecord) => LogRecord<RawRecord>;
  /**
   * Prefetches what decoding the records from `from` on will need: see `prefetched`.
   * @returns the index of the first record that it did not look at.
   */
  readonly prefetch: (records: readonly RawRecord[], from: number) => number;
  readonly outgoing: (partition: number) => Outgoing;
  readonly decodeOutbox: (payload: Buffer) => OutMessages;
  readonly eventIdOf: (value: Buffer) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Observer;
  /** Memory that sessions without an open visit may take, of all partitions together. */
  readonly idle: IdleMemory;
  /** Memory that changes may take from their folding to their commit, of all partitions together. */
  readonly commits: CommitMemory;
}
