import type { Logger } from 'pino';
import type { Emission } from '../core/changes.ts';
import type { Partition } from '../core/partition.ts';
import { messageOf } from '../ports/errors.ts';
import type { Observer } from '../ports/observer.ts';
import type { Outgoing } from '../ports/output.ts';
import type { RawRecord, RecordDigest } from '../ports/record.ts';
import type { Lease } from '../ports/store.ts';
import type { Clock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { dueOf } from './due.ts';
import { rowsOf } from './memory-estimate.ts';
import type { Publisher } from './publisher.ts';
import { digestOf } from './record-digest.ts';
import type { UsedSchemas } from './schemas.ts';
import { StateMachine, type Transitions } from './state-machine.ts';

/** Light traffic: how long a change waits for more to share its commit with, ms. */
const LINGER = 150;
/** If the partition lags by more records than this, an empty inbox only means that the next fetch is under way. */
const BACKLOG = 10_000;
/** How often the position of the publisher is written down where no commit does it, ms. */
const ACKNOWLEDGE_INTERVAL = 1_000;
/**
 * How often it is written down although nothing has changed, ms. A processor that only waits would never learn that the
 * database was set back to a backup, or that the partition is another's: the next record may be long in coming.
 */
const SIGN_OF_LIFE = 30_000;
/** Nothing to do before something happens, ms. */
const LONG = 60_000;

/** Estimate of what all partitions of a processor have folded since their last commits, in bytes. */
export interface CommitMemory {
  /** From here on each partition that folds commits, however little it has folded. */
  readonly maxBytes: number;
  usedBytes: number;
}

/** The state of the fold that `PartitionReport` shows. */
export type Committed = Pick<
  Partition<RawRecord>,
  'nextOffset' | 'arrivalClock' | 'watermark' | 'openVisits' | 'nextDue' | 'counts'
>;

function committedOf({ nextOffset, arrivalClock, watermark, openVisits, nextDue, counts }: Committed): Committed {
  return { nextOffset, arrivalClock, watermark, openVisits, nextDue, counts: { ...counts } };
}

export interface CommitterOptions {
  readonly lease: Lease<RawRecord>;
  readonly fold: Partition<RawRecord>;
  readonly publisher: Publisher<RawRecord>;
  readonly schemas: UsedSchemas;
  readonly outgoing: Outgoing;
  /** End offset of the partition, as far as it is known. */
  readonly endOffset: () => number;
  /** Longest that a change waits while there is more to fold, ms; and bytes after which a commit is taken. */
  readonly interval: number;
  readonly maxBytes: number;
  /** Shared by all partitions. */
  readonly memory: CommitMemory;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Observer;
  /** Called when work in the store is done, or has failed: then `error` is set. */
  readonly onDone: () => void;
}

/**
 * - `idle`: nothing is in the store. A piece of work begins: `writing`.
 * - `writing`: a commit, or the position of the publisher, is. It is done: `idle`, or `failed`.
 * - `failed`: nothing more is written, for what the store has is not known.
 */
export type CommitterState =
  | { readonly kind: 'idle' }
  /** `work` resolves when the state has changed, and never rejects. */
  | { readonly kind: 'writing'; readonly work: Promise<void> }
  | { readonly kind: 'failed'; readonly error: Error };

export const COMMITTER_TRANSITIONS: Transitions<CommitterState> = {
  idle: ['writing'],
  writing: ['idle', 'failed'],
  failed: [],
};

/**
 * Decides when what was folded goes to the store: small and soon while traffic is light, large while there is much to fold.
 *
 * Invariant: one piece of work is in the store at a time, and after one has failed there is no other. What a commit
 * that is under way may have done is not known, so nothing may be put on top of it.
 */
export class Committer {
  /** Offset up to which all is in the store; -1: not even that the partition was begun. */
  offset: number;
  /** The fold as the last commit has it. What was folded since may be folded again, and no reader can see it yet. */
  committed: Committed;
  private readonly options: CommitterOptions;
  private readonly state = new StateMachine<CommitterState>(COMMITTER_TRANSITIONS, { kind: 'idle' });
  private pendingBytes = 0;
  private changedAt: number | null = null;
  /** The record folded last, or its digest. */
  private last: RawRecord | RecordDigest | null;
  private acknowledged: number;
  private acknowledgedAt: number;
  /** Records folded up to the last commit. */
  private records: number;
  /** When the ends were due that were emitted since the last commit. */
  private dues: number[] = [];

  constructor(options: CommitterOptions) {
    const { lease, fold } = options;
    this.options = options;
    this.offset = lease.started ? fold.nextOffset : -1;
    this.committed = committedOf(fold);
    this.last = lease.lastRecord;
    this.acknowledged = lease.published;
    this.acknowledgedAt = options.clock.elapsed();
    this.records = fold.counts.records;
  }

  /** The fold emitted a message. */
  emitted(emission: Emission<RawRecord>): void {
    this.options.outgoing.add(emission);
    const due = dueOf(emission);
    if (due !== null) this.dues.push(due);
  }

  /** A record was folded. @param bytes that the next commit is larger by: see `foldedSize`. */
  folded(record: RawRecord, bytes: number): void {
    this.last = record;
    this.add(bytes);
  }

  /** The next commit is larger by about so many bytes. */
  add(bytes: number): void {
    this.account(bytes);
    if (this.changedAt === null) this.changedAt = this.options.clock.elapsed();
  }

  /** Why nothing more is written; null: nothing has failed. */
  get error(): Error | null {
    const { now } = this.state;
    return now.kind === 'failed' ? now.error : null;
  }

  get isFull(): boolean {
    const { fold, maxBytes, memory } = this.options;
    if (this.pendingBytes + fold.largeBytes >= maxBytes) return true;
    return memory.usedBytes >= memory.maxBytes && this.pendingBytes > 0;
  }

  /** Whether something is to be committed, or is being. */
  get isBehind(): boolean {
    return this.state.now.kind === 'writing' || this.hasChanges;
  }

  private get hasChanges(): boolean {
    const { fold } = this.options;
    return fold.pending > 0 || fold.nextOffset > this.offset;
  }

  /** Commits, once the work before is done. Resolves when the commit has begun. @throws what the work before failed of */
  async commitNow(): Promise<void> {
    await this.settled();
    const { error } = this;
    if (error !== null) throw error;
    this.commit();
  }

  /** While there is more to fold: commits what has waited for long. */
  commitIfOld(): void {
    if (this.state.now.kind !== 'idle' || this.changedAt === null) return;
    if (this.options.clock.elapsed() - this.changedAt >= this.options.interval) this.commit();
  }

  /**
   * While there is nothing to fold: commits, or writes down how far was published.
   * @returns how long, in ms, there will be nothing to do here unless something happens.
   */
  commitSoon(): number {
    const { clock, lease, publisher } = this.options;
    if (this.state.now.kind !== 'idle') return LONG;
    const now = clock.elapsed();
    if (this.hasChanges) {
      this.changedAt ??= now;
      const { interval } = this.options;
      const linger = this.options.endOffset() - this.options.fold.nextOffset > BACKLOG ? interval : LINGER;
      const wait = Math.min(linger, interval) - (now - this.changedAt);
      if (wait > 0) return wait;
      this.commit();
    } else {
      const interval = publisher.position > this.acknowledged ? ACKNOWLEDGE_INTERVAL : SIGN_OF_LIFE;
      const wait = interval - (now - this.acknowledgedAt);
      if (wait > 0) return wait;
      const { position } = publisher;
      this.track(lease.acknowledge(position), () => this.noteAcknowledged(position));
    }
    return LONG;
  }

  /** Commits all that was folded. @returns whether that went through within `ms`. */
  async commitLast(ms: number): Promise<boolean> {
    const { clock, logger } = this.options;
    const work = async () => {
      await this.settled();
      if (this.error === null && this.hasChanges) {
        this.commit();
        await this.settled();
      }
      return true;
    };
    const done = await within(clock, ms, work());
    if (done !== null && this.error === null) return true;
    logger.warn(
      { err: this.error === null ? 'no answer in time' : messageOf(this.error) },
      'the last commit did not go through: what it held is folded again at the next start',
    );
    return false;
  }

  /** Writes down how far was published, in at most `ms`. Never throws: the position in Kafka counts. */
  async acknowledgeLast(ms: number): Promise<void> {
    const { clock, lease, publisher } = this.options;
    if (publisher.position <= this.acknowledged) return;
    await within(
      clock,
      ms,
      lease.acknowledge(publisher.position).catch(() => {}),
    );
  }

  /** Nothing more is committed: what was folded and is not, counts no more. */
  close(): void {
    this.account(-this.pendingBytes);
  }

  private account(bytes: number): void {
    this.pendingBytes += bytes;
    this.options.memory.usedBytes += bytes;
  }

  private commit(): void {
    const { lease, fold, publisher, schemas, outgoing, clock, observer, logger } = this.options;
    const started = clock.elapsed();
    const bytes = this.pendingBytes + fold.largeBytes;
    const { changes, inCommit } = fold.take();
    const committed = committedOf(fold);
    const outbox = outgoing.take();
    const published = publisher.position;
    const writerSchemas = schemas.toStore();
    const { dues } = this;
    this.dues = [];
    const size = { records: changes.state.counts.records - this.records, rows: rowsOf(changes, outbox), bytes };
    this.records = changes.state.counts.records;
    this.account(-this.pendingBytes);
    this.changedAt = null;
    const commit = lease.commit({
      changes,
      amendableUntil: (visit) => fold.amendableUntil(visit),
      outbox,
      lastRecord: this.lastFolded,
      published,
      writerSchemas,
    });
    this.track(commit, () => {
      this.offset = changes.state.nextOffset;
      this.committed = committed;
      this.noteAcknowledged(published);
      schemas.stored(writerSchemas);
      fold.settle(inCommit);
      fold.shrink();
      if (outbox !== null) publisher.offer(outbox, dues);
      const ms = clock.elapsed() - started;
      observer.committed({ partition: lease.partition, ms, ...size });
      logger.debug({ offset: this.offset, ...size, ms: Math.round(ms) }, 'committed');
    });
  }

  /** The record folded last; null: none ever was. */
  get lastFolded(): RecordDigest | null {
    if (this.last === null || 'digest' in this.last) return this.last;
    const digest = digestOf(this.last);
    this.last = digest;
    return digest;
  }

  private noteAcknowledged(position: number): void {
    this.acknowledged = Math.max(this.acknowledged, position);
    this.acknowledgedAt = this.options.clock.elapsed();
  }

  /** Resolves once nothing is being written. */
  private async settled(): Promise<void> {
    const { now } = this.state;
    if (now.kind === 'writing') await now.work;
  }

  /** @param done called once the store has it */
  private track(write: Promise<void>, done: () => void): void {
    const work = write
      .then(done)
      .then(
        () => this.state.become({ kind: 'idle' }),
        (error: Error) => this.state.become({ kind: 'failed', error }),
      )
      .then(() => this.options.onDone());
    this.state.become({ kind: 'writing', work });
  }
}
