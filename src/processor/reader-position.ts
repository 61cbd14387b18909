import type { Logger } from 'pino';
import type { InputLog } from '../ports/log.ts';
import type { RawRecord, RecordDigest } from '../ports/record.ts';
import type { Lease } from '../ports/store.ts';
import type { Calls } from './calls.ts';
import type { Continuity } from './continuity.ts';
import type { Arrival, Inbox } from './inbox.ts';
import { StateMachine, type Transitions } from './state-machine.ts';

export const LOG_IS_THE_SAME = 'whether the log still is the one that was folded';

/**
 * Where the reader of a partition stands, seen from the fold.
 *
 * - `comparing`: the record folded last is read once more. It is compared before another is folded: `reading`.
 * - `reading`: each batch begins where the one before ended.
 * - `outOfChain`: a batch came that does not, as after a rebalance, or a reset by the broker. It was dropped.
 * - `seeking`: whether the log still holds what comes next is asked; then the position is sought anew, and it is as before.
 *   Where the chain went on meanwhile, nothing is sought: `reading`, or `outOfChain` if it was left once more.
 * - `inQuestion`: the brokers make it doubtful that the log is the one that was folded. The record folded last is to be read
 *   back: `comparing`. Until then a batch out of the chain changes nothing.
 */
export type ReaderState =
  | { readonly kind: 'comparing'; readonly record: RecordDigest }
  | { readonly kind: 'reading' }
  /** `record`: what is still to be compared, as in `comparing`; null: nothing is, as in `reading`. */
  | { readonly kind: 'outOfChain' | 'inQuestion'; readonly record: RecordDigest | null }
  /** `hasLeftAgain`: another batch came that is out of the chain. */
  | { readonly kind: 'seeking'; readonly record: RecordDigest | null; hasLeftAgain: boolean };

export const READER_TRANSITIONS: Transitions<ReaderState> = {
  comparing: ['reading', 'outOfChain', 'inQuestion'],
  reading: ['outOfChain', 'inQuestion'],
  outOfChain: ['seeking', 'inQuestion'],
  seeking: ['comparing', 'reading', 'outOfChain', 'inQuestion'],
  inQuestion: ['comparing', 'reading'],
};

export interface ReaderPositionOptions {
  readonly log: InputLog;
  readonly inbox: Inbox;
  readonly calls: Calls;
  readonly logger: Logger;
  readonly lease: Lease<RawRecord>;
  readonly continuity: Continuity;
  /** Where folding goes on. */
  readonly fold: { readonly nextOffset: number };
  readonly isEnding: () => boolean;
}

/** Keeps the reader in the chain of what was folded, and compares the record folded last where that is in doubt. */
export class ReaderPosition {
  private readonly options: ReaderPositionOptions;
  private readonly state: StateMachine<ReaderState>;

  /** @param record the record folded last, to be read back first; null: there is none. */
  constructor(record: RecordDigest | null, options: ReaderPositionOptions) {
    this.options = options;
    this.state = new StateMachine(READER_TRANSITIONS, inChain(record));
  }

  /** Where to read from: the record folded last comes once more, to be compared. */
  get from(): number {
    return this.uncompared?.offset ?? this.options.fold.nextOffset;
  }

  /** Whether the log was found to be the one that was folded. */
  get isVerified(): boolean {
    return this.uncompared === null;
  }

  /** Whether the position has to be sought before another batch is folded. */
  get isAstray(): boolean {
    const { kind } = this.state.now;
    return kind === 'outOfChain' || kind === 'inQuestion';
  }

  private get uncompared(): RecordDigest | null {
    const { now } = this.state;
    return now.kind === 'reading' ? null : now.record;
  }

  /** The brokers make it doubtful that the log goes on from what was folded. */
  question(): void {
    if (this.state.now.kind !== 'inQuestion') this.state.become({ kind: 'inQuestion', record: this.uncompared });
  }

  /** A batch came that does not begin where the one before ended. */
  leaveChain(): void {
    const { now } = this.state;
    if (now.kind === 'seeking') now.hasLeftAgain = true;
    else if (!this.isAstray) this.state.become({ kind: 'outOfChain', record: this.uncompared });
  }

  /** Seeks the position where reading is astray. @param lastFolded the record folded last; null: none ever was. */
  async restore(lastFolded: () => RecordDigest | null): Promise<void> {
    if (this.state.now.kind === 'inQuestion') this.readBack(lastFolded());
    else await this.rejoinChain();
  }

  /** Reads the record folded last again, to compare it before another is folded, and goes on from there. */
  private readBack(record: RecordDigest | null): void {
    const { inbox, logger } = this.options;
    if (inbox.expected === null) return;
    this.state.become(inChain(record));
    inbox.reset(this.from);
    logger.debug({ offset: this.from }, 'reading the record folded last back');
    this.seek(this.from, true);
  }

  /** Old batches after a rebalance do not chain, nor does what comes after the broker has reset the position. */
  private async rejoinChain(): Promise<void> {
    const { inbox, logger, calls, continuity, lease, fold, isEnding } = this.options;
    const { expected } = inbox;
    if (expected === null) return;
    this.state.become({ kind: 'seeking', record: this.uncompared, hasLeftAgain: false });
    // What was folded may be deleted, also while it waits to be compared.
    const needed = Math.max(expected, fold.nextOffset);
    const { earliest } = await calls.during('brokers', LOG_IS_THE_SAME, () => continuity.check(needed, lease));
    const { now } = this.state;
    if (isEnding() || now.kind !== 'seeking') return;
    const { record } = now;
    if (expected !== inbox.expected) {
      // The chain went on meanwhile: the position is right, unless a batch has left it since.
      this.state.become(now.hasLeftAgain ? { kind: 'outOfChain', record } : inChain(record));
      return;
    }
    const from = earliest > expected ? needed : expected;
    if (from !== expected) {
      logger.debug({ offset: expected }, 'the record folded last was deleted: it cannot be compared');
      inbox.reset(from);
    }
    this.state.become(inChain(from === expected ? record : null));
    logger.debug({ offset: from }, 'reading on from the expected offset');
    this.seek(from, !this.isVerified);
  }

  private seek(offset: number, anew: boolean): void {
    const { log, lease } = this.options;
    log.seek(lease.partition, offset, anew);
    log.resume(lease.partition);
  }

  /**
   * Compares the record folded last, if it is to come first, with what came.
   * @returns the records to fold.
   * @throws CannotGoOn if another record stands in its place
   */
  compare({ records, next }: Arrival): readonly RawRecord[] {
    const { now } = this.state;
    if (now.kind !== 'comparing' || (records.length === 0 && next <= now.record.offset)) return records;
    const { continuity, fold, logger } = this.options;
    this.state.become({ kind: 'reading' });
    if (continuity.verify(now.record, records, fold.nextOffset) === 'same') return records.slice(1);
    logger.warn(
      { offset: now.record.offset },
      'the record folded last is gone from the log, as compaction leaves it: it cannot be compared',
    );
    return records;
  }
}

function inChain(record: RecordDigest | null): ReaderState {
  return record === null ? { kind: 'reading' } : { kind: 'comparing', record };
}
