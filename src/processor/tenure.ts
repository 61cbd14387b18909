import type { Logger } from 'pino';
import type { ReadRecord } from '../core/memory/read-event.ts';
import type { Outcome } from '../core/outcome.ts';
import { Partition } from '../core/partition.ts';
import { isRefusal, type LogRecord } from '../core/rules/event.ts';
import { messageOf } from '../ports/errors.ts';
import type { RawRecord, RecordDigest } from '../ports/record.ts';
import { keyIs } from '../ports/record.ts';
import type { Lease } from '../ports/store.ts';
import type { Waker } from '../time/waiting.ts';
import { type Calls, watchedLease } from './calls.ts';
import { Committer } from './committer.ts';
import { Continuity } from './continuity.ts';
import type { PartitionDeps, PartitionSettings } from './deps.ts';
import type { Arrival, Inbox } from './inbox.ts';
import { foldedSize } from './memory-estimate.ts';
import { Publisher } from './publisher.ts';
import { LOG_IS_THE_SAME, ReaderPosition } from './reader-position.ts';
import { UsedSchemas } from './schemas.ts';
import { TimeSlice } from './time-slice.ts';
import { UnstampedWatch } from './unstamped.ts';

/** Records that are decoded, looked up and folded at once. */
const SLICE = 4_000;
/**
 * Longest that a slice folds without letting heartbeats through, ms. A session with a hundred thousand visits takes
 * milliseconds a record: a slice of it would outlast the session timeout of the group, and be folded anew for ever.
 */
const TIME_SLICE = 100;
/** Visits ended in one go before a commit may be due. */
const ENDS = 100;
/** Estimate of an ended visit in a commit's bytes. */
const ENDED_BYTES = 1_000;
/** A running processor is ended within this time where its topic is found not to be stamped: docs/GUARANTEES.md, ms. */
const REFUSED_WITHIN = 60_000;
/** How long an orderly end waits for the last commit, and for its messages to be published, ms. */
const LAST_COMMIT = 4_000;
const LAST_MESSAGES = 1_000;

/** The parts that a tenure shares with the life of its partition. */
export interface TenureContext {
  readonly settings: PartitionSettings;
  readonly deps: PartitionDeps;
  readonly inbox: Inbox;
  readonly waker: Waker;
  readonly logger: Logger;
  /** Shows calls to store and brokers while they are under way. */
  readonly calls: Calls;
  /** Something was written to the store. */
  readonly onWritten: () => void;
  /** Whether the tenure is to come to an end. */
  readonly isEnding: () => boolean;
  /** Whether the partition is another's now, so that nothing more may be committed. */
  readonly isLost: () => boolean;
  /** The brokers named the end offset of the partition. */
  readonly onEnd: (end: number) => void;
  /** The highest that they named; 0: none. */
  readonly endOffset: () => number;
}

/**
 * One epoch of a partition: from its take-over until it ends, is lost, or what is in memory is in doubt.
 *
 * Invariant: what is in memory is what the store has, and what was folded since from the store's offset on. So any failure
 * of a commit, whose outcome may be unknown, ends the tenure; the next one loads anew, nothing is repaired.
 */
export class Tenure {
  readonly fold: Partition<RawRecord>;
  readonly lease: Lease<RawRecord>;
  readonly publisher: Publisher<RawRecord>;
  readonly committer: Committer;
  readonly reader: ReaderPosition;
  /** The instance's clock and, asked for afterwards, the end offset: see `Partition.endDue`. */
  anticipation: { readonly clock: number; readonly end: number } | null = null;
  /** The part that folding waits for without a call of its own, and since when, ms since the epoch; null: none. */
  blockedBy: { readonly for: 'registry' | 'publisher'; readonly since: number } | null = null;

  private readonly context: TenureContext;
  private readonly schemas: UsedSchemas;
  private readonly unstamped: UnstampedWatch;
  /** When the last record was folded that the brokers did not stamp, by the clock's `elapsed`; null: none was. */
  private unstampedAt: number | null = null;
  private hasWarnedOfMisplaced = false;
  private isGivenUp = false;

  /** Takes the partition over and finds where folding goes on. @throws CannotGoOn; anything else may be tried again. */
  static async takeOver(partition: number, context: TenureContext): Promise<Tenure> {
    const { store, log, clock } = context.deps;
    const { calls, onWritten } = context;
    const taken = await calls.during('store', 'the take-over', () => store.takeOver(partition));
    const lease = watchedLease(taken, calls, onWritten);
    try {
      const { topic, start } = context.settings;
      const continuity = new Continuity(log, clock, topic, partition);
      const { offset, verify, end } = await calls.during('brokers', LOG_IS_THE_SAME, () =>
        continuity.locate(lease, start),
      );
      context.onEnd(end);
      return new Tenure(lease, offset, verify, continuity, context);
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  private constructor(
    lease: Lease<RawRecord>,
    offset: number,
    toVerify: RecordDigest | null,
    continuity: Continuity,
    context: TenureContext,
  ) {
    const { settings, deps, logger, waker } = context;
    const { partition } = lease;
    const { topic, rules } = settings;
    this.context = context;
    this.lease = lease;
    this.unstamped = new UnstampedWatch(logger);
    this.fold = new Partition(
      rules,
      { topic, partition },
      { ...lease.state, nextOffset: offset },
      lease.open,
      deps.idle,
      (emission) => this.committer.emitted(emission),
    );
    const { log } = deps;
    const { inbox, calls, isEnding } = context;
    this.reader = new ReaderPosition(toVerify, {
      log,
      inbox,
      calls,
      logger,
      lease,
      continuity,
      fold: this.fold,
      isEnding,
    });
    this.schemas = new UsedSchemas(deps.schemas, lease.writerSchemas);
    this.publisher = new Publisher({ ...deps, logger, lease, onProgress: () => waker.wake() });
    this.committer = new Committer({
      ...deps,
      lease,
      logger,
      outgoing: deps.outgoing(partition),
      fold: this.fold,
      publisher: this.publisher,
      schemas: this.schemas,
      endOffset: context.endOffset,
      interval: settings.commitInterval,
      maxBytes: settings.commitMaxBytes,
      memory: deps.commits,
      onDone: () => waker.wake(),
    });
  }

  /** Folds what arrives until it is to end. @throws Fenced, CannotGoOn, or what failed. */
  async run(): Promise<void> {
    const { inbox, waker, isEnding, isLost } = this.context;
    this.publisher.start();
    void this.fillFilter();
    // What the record before the take-over made due may not have ended by the commit that held the record.
    await this.endDue(null);
    while (!isEnding()) {
      this.check();
      if (this.reader.isAstray) {
        await this.reader.restore(() => this.committer.lastFolded);
        continue;
      }
      const arrival = inbox.dequeue(SLICE);
      if (arrival !== null) {
        await this.foldArrival(arrival);
        continue;
      }
      await this.anticipate();
      const wait = this.committer.commitSoon();
      if (inbox.isEmpty && !isEnding()) await waker.sleep(wait);
    }
    if (!isLost()) await this.finish();
  }

  /** Lets go of all that belongs to the tenure. Never throws. */
  async giveUp(): Promise<void> {
    this.isGivenUp = true;
    this.fold.close();
    this.committer.close();
    await this.publisher.stop();
    await this.lease.release();
  }

  /**
   * Reads, beside all else, which sessions have something in the store. Until that is known each session that is new
   * in memory is looked up.
   */
  private async fillFilter(): Promise<void> {
    const { lease, context } = this;
    const filter = this.fold.beginFilter();
    if (filter === null) return;
    try {
      for await (const sessionIds of lease.endedSessions(filter.reach)) {
        if (this.isGivenUp) return;
        for (const sessionId of sessionIds) filter.add(sessionId);
      }
      filter.use();
      context.logger.debug('it is known which sessions have ended visits');
    } catch (error) {
      if (this.isGivenUp) return;
      context.deps.observer.failed('store');
      context.logger.warn(
        { err: messageOf(error) },
        'the sessions with ended visits could not be read: each new session is looked up, which is slower, until the next take-over',
      );
    }
  }

  private check(): void {
    const error = this.committer.error ?? this.publisher.error;
    if (error !== null) throw error;
  }

  /** Whether the brokers are known to stamp what they append: a record that they do not stamp would come before any clock. */
  get isStamped(): boolean {
    const { unstampedAt } = this;
    return unstampedAt === null || this.context.deps.clock.elapsed() - unstampedAt >= REFUSED_WITHIN;
  }

  private async anticipate(): Promise<void> {
    const { anticipation } = this;
    this.anticipation = null;
    if (!this.isStamped) return;
    if (anticipation === null || this.fold.nextOffset < anticipation.end) return;
    await this.endDue(anticipation.clock - this.context.settings.clockMargin!);
  }

  private async foldArrival(arrival: Arrival): Promise<void> {
    const records = this.reader.compare(arrival);
    for (let i = 0; i < records.length; i += SLICE) {
      await this.foldSlice(records.slice(i, i + SLICE));
      if (this.context.isEnding()) return;
      // Lets others run: answers of the store go on, and the next fetch is on its way while this one is folded.
      // Measured at 4 µs a record: the process waits for fetches 0.5 % of its time, 3 % without.
      if (i + SLICE < records.length) await this.context.deps.clock.sleep(0);
      if (this.context.isEnding()) return;
    }
    this.fold.skipTo(arrival.next);
  }

  private async foldSlice(records: readonly RawRecord[]): Promise<void> {
    const { fold, committer, lease, context } = this;
    const { clock, decode } = context.deps;
    await this.outboxRoom();
    if (context.isEnding()) return;
    const decoded: LogRecord<RawRecord>[] = [];
    while (!this.decodeKnown(records, decoded)) {
      const record = records[decoded.length]!;
      await this.learn(record);
      if (context.isEnding()) return;
      // Its schema is known now, or known not to exist: then the record is refused.
      decoded.push(decode(lease.partition, record));
    }
    const lookup = fold.prepare(decoded);
    if (lookup !== null) fold.admit(await lease.history(lookup));
    const { anticipationsWrong, unstamped } = fold.counts;
    const timeSlice = new TimeSlice(clock, TIME_SLICE);
    for (let i = 0; i < decoded.length; ) {
      i = this.foldSome(decoded, i, timeSlice);
      if (committer.isFull) {
        await committer.commitNow();
      } else if (i < decoded.length) {
        await clock.sleep(0);
        if (context.isEnding()) return;
        timeSlice.yielded();
      }
    }
    await this.endDue(null);
    const { counts } = fold;
    this.logUnusual(decoded, counts.anticipationsWrong - anticipationsWrong, counts.unstamped - unstamped);
    committer.commitIfOld();
    this.check();
  }

  private learn(record: RawRecord): Promise<void> {
    return this.awaiting('registry', () => this.schemas.learn([record], () => this.context.isEnding()));
  }

  // V8 resumes an async function unoptimised after each wait, and compiles it anew with all that it calls. So the loops
  // over records are synchronous.

  /** Decodes what is not decoded yet. @returns false where the next one's writer schema has to be asked for first. */
  private decodeKnown(records: readonly RawRecord[], decoded: LogRecord<RawRecord>[]): boolean {
    const { schemas, lease } = this;
    const { decode, prefetch } = this.context.deps;
    let prefetchedTo = decoded.length;
    for (let i = decoded.length; i < records.length; i++) {
      if (i === prefetchedTo) prefetchedTo = prefetch(records, i);
      const record = records[i]!;
      // One by one, right before decoding: in a loop of its own this would fetch each record's bytes from memory twice.
      if (!schemas.isKnown(record)) return false;
      decoded.push(decode(lease.partition, record));
    }
    return true;
  }

  /**
   * Folds, from a record on, until a commit is due or others should have their turn.
   * @returns the index of the first record that is not folded.
   */
  private foldSome(records: readonly LogRecord<RawRecord>[], from: number, timeSlice: TimeSlice): number {
    const { fold, committer } = this;
    for (let i = from; i < records.length; i++) {
      const record = records[i]!;
      const arrival = fold.arrivalOf(record);
      if (arrival !== null && fold.mayEnd(arrival) && !this.endSome(arrival)) return i;
      const outcomes = fold.fold(record);
      committer.folded(record.raw, costOf(record.raw, outcomes));
      if (committer.isFull || timeSlice.recordDone()) return i + 1;
    }
    return records.length;
  }

  /** Ends what is due. @returns false where a commit is due first. */
  private endSome(clock: number | null): boolean {
    const { fold, committer } = this;
    for (;;) {
      const ended = fold.endDue(clock, ENDS);
      if (ended > 0) committer.add(ended * ENDED_BYTES);
      if (committer.isFull) return false;
      if (ended < ENDS) return true;
    }
  }

  /** Ends what is due, with commits in between where it is much. */
  private async endDue(clock: number | null): Promise<void> {
    while (!this.endSome(clock)) await this.committer.commitNow();
  }

  /** Waits while too much is committed that is not published. */
  private async outboxRoom(): Promise<void> {
    const { settings, waker, isEnding } = this.context;
    const isFull = () => !isEnding() && this.publisher.backlogBytes > settings.outboxMaxBytes;
    if (!isFull()) return;
    await this.awaiting('publisher', async () => {
      while (isFull()) {
        await waker.sleep(this.committer.commitSoon());
        this.check();
      }
    });
  }

  /** Waits for a part that the fold depends on, and shows meanwhile which one. */
  private async awaiting<T>(what: 'registry' | 'publisher', work: () => Promise<T>): Promise<T> {
    this.blockedBy = { for: what, since: this.context.deps.clock.now() };
    try {
      return await work();
    } finally {
      this.blockedBy = null;
    }
  }

  /** Logs what an operator should know of these records, once a slice at most. */
  private logUnusual(records: readonly LogRecord<RawRecord>[], wrong: number, unstamped: number): void {
    const { logger, deps } = this.context;
    this.unstamped.folded(records, unstamped);
    if (unstamped > 0) this.unstampedAt = deps.clock.elapsed();
    if (wrong > 0) {
      logger.warn(
        { offset: records[0]!.offset, wrong },
        unstamped > 0
          ? 'visits were ended by the clock before a record that the brokers did not stamp: the log alone had not ended them yet'
          : 'visits were ended by the clock before a record that was stamped earlier: the clocks of the broker and of this machine ' +
              'differ by more than visit.clock_margin',
      );
    }
    const misplaced = records.filter(isMisplaced);
    if (misplaced.length === 0) return;
    deps.observer.misplaced({ partition: this.lease.partition, count: misplaced.length });
    if (!this.hasWarnedOfMisplaced) {
      logger.warn(
        { offset: misplaced[0]!.offset },
        'records whose key is not their session id: a session whose records go to two partitions is folded as two. ' +
          'Let producers use the session id as the key; metric tidemark_misplaced_records_total counts them',
      );
    }
    this.hasWarnedOfMisplaced = true;
  }

  /** An orderly end: what was folded is committed, and what was given out has a moment to be published. */
  private async finish(): Promise<void> {
    const { waker, deps } = this.context;
    const { publisher, committer } = this;
    if (!(await committer.commitLast(LAST_COMMIT))) return;
    const until = deps.clock.elapsed() + LAST_MESSAGES;
    while (!publisher.isDrained && publisher.error === null && deps.clock.elapsed() < until) {
      await waker.sleep(until - deps.clock.elapsed());
    }
    await committer.acknowledgeLast(500);
  }
}

function costOf(record: RawRecord, outcomes: readonly Outcome[]): number {
  let setAside = 0;
  let started = 0;
  for (let i = 0; i < outcomes.length; i++) {
    const { kind } = outcomes[i]!;
    if (kind === 'started') started += 1;
    else if (kind === 'dead' || kind === 'late') setAside += 1;
  }
  return foldedSize(record, setAside, started);
}

/** Whether a record's key is not the session id of an event in it. Some decoders find that out by the way. */
function isMisplaced({ misplaced, raw, entries }: ReadRecord<RawRecord>): boolean {
  if (misplaced !== undefined) return misplaced;
  for (const entry of entries) if (!isRefusal(entry) && !keyIs(raw, entry.sessionId)) return true;
  return false;
}
