import type { Logger } from 'pino';
import type { Emission } from '../core/changes.ts';
import { isRefusal, type LogRecord } from '../core/event.ts';
import { Partition } from '../core/partition.ts';
import type { Rules } from '../core/rules.ts';
import { BEGIN_ANEW, CannotGoOn, messageOf } from './errors.ts';
import { type Arrival, Inbox } from './inbox.ts';
import { markOf } from './mark.ts';
import type { Observer, PartitionReport } from './observer.ts';
import {
  type Clock,
  Fenced,
  type InputLog,
  type Lease,
  type OutboxRow,
  type OutMessage,
  type Output,
  type RawRecord,
  type RecordBatch,
  type RecordMark,
  type Store,
} from './ports.ts';
import { Publisher } from './publisher.ts';
import { UsedSchemas, type WriterSchemas } from './schemas.ts';
import { backoff, Waker, within } from './waiting.ts';

export interface LifeSettings {
  readonly topic: string;
  readonly rules: Rules;
  /** Longest that a change waits for its commit while there is more to fold, ms. */
  readonly commitInterval: number;
  /** Bytes of input, and of what it gives out, after which a commit is taken. */
  readonly commitMaxBytes: number;
  /** Folding pauses while more than this is committed and not published. */
  readonly outboxMaxBytes: number;
  /** What is taken off the instance's clock when it stands in for the next record, ms; null: it never does. */
  readonly clockMargin: number | null;
  /** Where a partition that was never folded begins: a time is in ms. */
  readonly start: 'earliest' | 'latest' | number;
}

export interface LifeParts {
  readonly log: InputLog;
  readonly store: Store<RawRecord>;
  readonly output: Output;
  readonly schemas: WriterSchemas;
  /** Never throws: what cannot be decoded becomes a refusal. */
  readonly decode: (partition: number, record: RawRecord) => LogRecord<RawRecord>;
  readonly encode: (partition: number, emissions: readonly Emission<RawRecord>[]) => OutboxRow | null;
  readonly decodeOutbox: (payload: Buffer) => OutMessage[];
  readonly eventIdOf: (value: Buffer) => string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Observer;
}

/** Light traffic: how long a change waits for more to share its commit with, ms. */
const LINGER = 150;
/** Records that are decoded, looked up and folded at once. */
const SLICE = 1_000;
/** Visits ended at once before it is looked whether a commit is due. */
const ENDS = 1_000;
/** What an ended visit is reckoned at in a commit's bytes. */
const ENDED_BYTES = 1_000;
/** How often the position of the publisher is written down where no commit does it, ms. */
const ACKNOWLEDGE_INTERVAL = 1_000;
/** How long an orderly end waits for the last commit, and for what it gave out to be published, ms. */
const LAST_COMMIT = 4_000;
const LAST_MESSAGES = 1_000;

/**
 * One partition, from its assignment to its loss: take-over, folding, commits, and take-over again after whatever left
 * the state in memory in doubt.
 *
 * Invariant: what is in memory is what the store has, and what was folded since from where the store's offset says. So
 * any failure of a commit, whose outcome may be unknown, throws all memory away and loads anew; nothing is repaired.
 */
export class PartitionLife {
  readonly partition: number;
  private readonly settings: LifeSettings;
  private readonly parts: LifeParts;
  private readonly inbox = new Inbox();
  private readonly waker: Waker;
  private readonly logger: Logger;

  private phase: PartitionReport['phase'] = 'waiting';
  private ending = false;
  private lost = false;
  private lastError: string | null = null;
  private toldMisplaced = false;
  /** Since the last commit that went through. */
  private failures = 0;

  private lease: Lease<RawRecord> | null = null;
  private fold: Partition<RawRecord> | null = null;
  private publisher: Publisher<RawRecord> | null = null;
  private schemas: UsedSchemas | null = null;

  /** The record folded last before the take-over, to be read back and compared; null once that is done. */
  private toVerify: RecordMark | null = null;
  private last: { readonly record: RawRecord } | { readonly mark: RecordMark } | null = null;
  private outOfChain = false;
  private end: number | null = null;
  private anticipation: { readonly clock: number; readonly end: number } | null = null;

  private inFlight: Promise<void> | null = null;
  private commitError: Error | null = null;
  private committedOffset = 0;
  private pendingBytes = 0;
  private changedAt: number | null = null;
  private acknowledged = 0;
  private acknowledgedAt = 0;

  constructor(partition: number, settings: LifeSettings, parts: LifeParts) {
    this.partition = partition;
    this.settings = settings;
    this.parts = parts;
    this.waker = new Waker(parts.clock);
    this.logger = parts.logger.child({ partition });
  }

  // ------------------------------------------------------------------------------------------- what others tell it

  /** Resolves when the partition was lost or `stop` was called, and all is given up. @throws CannotGoOn */
  async run(): Promise<void> {
    for (let first = true; !this.ending; first = false) {
      try {
        if (first || (await this.isOurs())) await this.own();
      } catch (error) {
        if (error instanceof CannotGoOn) throw error;
        this.lastError = messageOf(error);
        if (this.ending) break;
        const fenced = error instanceof Fenced;
        this.logger.warn({ err: this.lastError }, fenced ? 'fenced: another epoch began' : 'to be taken over again');
        if (!fenced) this.parts.observer.failed('store');
      } finally {
        await this.giveUp();
      }
      this.failures += 1;
      if (!this.ending) await this.waker.sleep(backoff(this.failures));
    }
    this.phase = 'ended';
  }

  /** The group gave the partition to this processor again: the reader's position has to be sought anew. */
  reassigned(): void {
    const { expected } = this.inbox;
    if (expected === null) return;
    this.parts.log.seek(this.partition, expected);
    this.parts.log.resume(this.partition);
  }

  /** The partition is somebody else's now: nothing more is committed. */
  lose(): void {
    this.lost = true;
    this.ending = true;
    this.inbox.reset(null);
    this.waker.wake();
  }

  /** Commits what was folded, and ends. */
  stop(): void {
    this.ending = true;
    this.inbox.reset(null);
    this.waker.wake();
  }

  async offer(batch: RecordBatch): Promise<void> {
    this.end = Math.max(this.end ?? 0, batch.highWatermark);
    this.arrived(batch);
    await this.inbox.room();
  }

  moved(from: number, next: number): void {
    this.arrived({ from, next, records: [] });
  }

  private arrived(arrival: Arrival): void {
    if (this.inbox.expected === null) return;
    if (!this.inbox.offer(arrival)) this.outOfChain = true;
    this.waker.wake();
  }

  /** Whether visits may be due by the instance's clock although no record says so. */
  mayAnticipate(now: number): boolean {
    const { clockMargin } = this.settings;
    if (clockMargin === null || this.fold === null || this.toVerify !== null || !this.inbox.isEmpty) return false;
    // Stamps ahead of this clock by more than the margin: one of the two is wrong, and nothing may be concluded.
    if ((this.fold.arrivalClock ?? 0) > now + clockMargin) return false;
    return this.fold.nextDue < now - clockMargin;
  }

  /** @param clock the instance's clock, read before `end`, the end offset, was asked for. */
  anticipate(clock: number, end: number): void {
    this.end = Math.max(this.end ?? 0, end);
    this.anticipation = { clock, end };
    this.waker.wake();
  }

  /** Offset up to which all is folded and committed. */
  get committed(): number | null {
    return this.lease === null ? null : this.committedOffset;
  }

  report(): PartitionReport {
    const { fold, publisher } = this;
    return {
      partition: this.partition,
      phase: this.phase,
      epoch: this.lease?.epoch ?? null,
      nextOffset: fold?.nextOffset ?? null,
      end: this.end,
      arrivalClock: fold?.arrivalClock ?? null,
      watermark: fold?.watermark ?? null,
      openVisits: fold?.openVisits ?? 0,
      backlogBytes: publisher?.backlogBytes ?? 0,
      backlogSince: publisher?.backlogSince ?? null,
      counts: fold === null ? null : { ...fold.counts },
      lastError: this.lastError,
    };
  }

  // ------------------------------------------------------------------------------------------------------ take-over

  private async isOurs(): Promise<boolean> {
    if (await this.parts.log.holds(this.partition)) return true;
    this.phase = 'waiting';
    return false;
  }

  /** Takes the partition over and folds until it ends or fails. */
  private async own(): Promise<void> {
    const { store, clock, observer, log } = this.parts;
    this.phase = 'taking over';
    const started = clock.now();
    const lease = await store.takeOver(this.partition);
    this.lease = lease;
    const offset = await this.locate(lease);
    const fold = new Partition<RawRecord>(
      this.settings.rules,
      { topic: this.settings.topic, partition: this.partition },
      { ...lease.state, nextOffset: offset },
      lease.open,
    );
    this.fold = fold;
    this.committedOffset = lease.started ? offset : -1;
    this.pendingBytes = 0;
    this.changedAt = null;
    this.commitError = null;
    this.outOfChain = false;
    this.last = lease.lastRecord === null ? null : { mark: lease.lastRecord };
    this.acknowledged = lease.published;
    this.schemas = new UsedSchemas(this.parts.schemas, lease.writerSchemas);
    this.publisher = new Publisher({ ...this.parts, logger: this.logger, lease, onProgress: () => this.waker.wake() });
    this.publisher.start();
    if (this.ending) return;

    const from = this.toVerify?.offset ?? offset;
    this.inbox.reset(from);
    log.seek(this.partition, from);
    log.resume(this.partition);
    this.phase = 'running';
    observer.takenOver({ partition: this.partition, ms: clock.now() - started, openVisits: lease.open.length });
    this.logger.info({ epoch: lease.epoch, offset, openVisits: lease.open.length }, 'partition taken over');
    await this.foldOn(lease, fold);
  }

  /** Where folding goes on. @throws CannotGoOn if the log is not the one that was folded, or records are gone. */
  private async locate(lease: Lease<RawRecord>): Promise<number> {
    const { log } = this.parts;
    const { start, topic } = this.settings;
    const { earliest, end } = await log.bounds(this.partition);
    this.end = end;
    this.toVerify = null;
    if (!lease.started) {
      if (start === 'earliest') return earliest;
      return start === 'latest' ? end : await log.offsetAt(this.partition, start);
    }
    const offset = lease.state.nextOffset;
    this.checkBounds(offset, earliest, end);
    if (lease.lastRecord !== null && lease.lastRecord.offset >= earliest) this.toVerify = lease.lastRecord;
    else this.logger.debug({ topic }, 'the record folded last is past retention: it cannot be compared');
    return offset;
  }

  private checkBounds(offset: number, earliest: number, end: number): void {
    const at = `partition ${this.partition} of ${this.settings.topic}`;
    if (earliest > offset) {
      throw new CannotGoOn(
        `${at}: records ${offset} to ${earliest - 1} were deleted before they were folded. ` +
          `They are lost to this state: raise the retention of the topic, then ${BEGIN_ANEW}`,
      );
    }
    if (end < offset) {
      throw new CannotGoOn(
        `${at} ends at offset ${end}, but was folded up to ${offset}: it was made anew, or lost records in a broker's failure. ` +
          `Point tidemark at the topic that it folded, or ${BEGIN_ANEW}`,
      );
    }
  }

  /** The first record after a take-over is the one folded last. */
  private verify(record: RawRecord | undefined): void {
    const expected = this.toVerify!;
    this.toVerify = null;
    if (record !== undefined && record.offset === expected.offset && markOf(record).digest === expected.digest) return;
    throw new CannotGoOn(
      `partition ${this.partition} of ${this.settings.topic}: offset ${expected.offset} holds another record than the one folded there. ` +
        `The topic was made anew: point tidemark at the one that it folded, or ${BEGIN_ANEW}`,
    );
  }

  /** Lets go of everything that belongs to the epoch. Never throws. */
  private async giveUp(): Promise<void> {
    const { lease, publisher } = this;
    this.inbox.reset(null);
    this.parts.log.pause(this.partition);
    this.anticipation = null;
    this.publisher = null;
    this.fold = null;
    if (publisher !== null) await publisher.stop();
    this.inFlight = null;
    this.lease = null;
    if (lease !== null) await lease.release();
  }

  // -------------------------------------------------------------------------------------------------------- folding

  private async foldOn(lease: Lease<RawRecord>, fold: Partition<RawRecord>): Promise<void> {
    const { clock } = this.parts;
    // What the record before the take-over made due may not have ended by the commit that held the record.
    await this.endDue(lease, fold, null);
    while (!this.ending) {
      this.check();
      if (this.outOfChain) await this.rejoinChain(lease);
      const arrival = this.inbox.take();
      if (arrival !== null) {
        await this.foldArrival(lease, fold, arrival);
        continue;
      }
      if (this.anticipation !== null) {
        const { clock: now, end } = this.anticipation;
        this.anticipation = null;
        if (fold.nextOffset >= end) await this.endDue(lease, fold, now - this.settings.clockMargin!);
      }
      const wait = this.commitOrAcknowledge(lease, fold, clock.now());
      if (this.inbox.isEmpty && !this.ending) await this.waker.sleep(wait);
    }
    if (!this.lost) await this.finish(lease, fold);
  }

  private check(): void {
    if (this.commitError !== null) throw this.commitError;
    if (this.publisher?.error) throw this.publisher.error;
  }

  /** A batch did not begin where the last one ended: old ones after a rebalance, or the broker reset the position. */
  private async rejoinChain(lease: Lease<RawRecord>): Promise<void> {
    this.outOfChain = false;
    const { log } = this.parts;
    const { expected } = this.inbox;
    const { earliest, end } = await log.bounds(this.partition);
    if (this.ending || expected === null || expected !== this.inbox.expected) return;
    this.checkBounds(expected, earliest, end);
    this.logger.debug({ epoch: lease.epoch, offset: expected }, 'reading on from the expected offset');
    log.seek(this.partition, expected);
    log.resume(this.partition);
  }

  private async foldArrival(lease: Lease<RawRecord>, fold: Partition<RawRecord>, arrival: Arrival): Promise<void> {
    let records: readonly RawRecord[] = arrival.records;
    if (this.toVerify !== null && (records.length > 0 || arrival.next > this.toVerify.offset)) {
      this.verify(records[0]);
      records = records.slice(1);
    }
    for (let i = 0; i < records.length; i += SLICE) {
      await this.foldSlice(lease, fold, records.slice(i, i + SLICE));
      if (this.lost) return;
      if (this.ending) return;
    }
    fold.skipTo(arrival.next);
  }

  private async foldSlice(
    lease: Lease<RawRecord>,
    fold: Partition<RawRecord>,
    records: readonly RawRecord[],
  ): Promise<void> {
    const { decode, clock } = this.parts;
    await this.outboxRoom(lease, fold);
    if (this.ending) return;
    await this.schemas!.learn(records, () => this.ending);
    if (this.ending) return;
    const decoded = records.map((record) => decode(this.partition, record));
    const lookup = fold.lookup(decoded);
    if (lookup !== null) fold.admit(await lease.history(lookup));
    const wrong = fold.counts.anticipationsWrong;
    for (let i = 0; i < decoded.length; i++) {
      const record = decoded[i]!;
      await this.endDue(lease, fold, record.timestamp);
      fold.fold(record);
      this.last = { record: record.raw };
      this.pendingBytes += 100 + (record.raw.value?.length ?? 0);
      this.changedAt ??= clock.now();
      if (this.pendingBytes >= this.settings.commitMaxBytes) await this.commitNow(lease, fold);
    }
    await this.endDue(lease, fold, null);
    this.tell(decoded, fold.counts.anticipationsWrong - wrong);
    this.commitIfOlder(lease, fold, clock.now(), this.settings.commitInterval);
    this.check();
  }

  /** What an operator should know of these records, once a slice at most. */
  private tell(records: readonly LogRecord<RawRecord>[], wrong: number): void {
    const offset = records[0]!.offset;
    if (wrong > 0) {
      this.logger.warn(
        { offset, wrong },
        'visits were ended by the clock before a record that was stamped earlier: the clocks of the broker and of this machine ' +
          'differ by more than visit.clock_margin',
      );
    }
    const misplaced = records.filter(isMisplaced);
    if (misplaced.length === 0) return;
    this.parts.observer.misplaced({ partition: this.partition, count: misplaced.length });
    if (!this.toldMisplaced) {
      this.logger.warn(
        { offset: misplaced[0]!.offset },
        'records whose key is not their session id: a session whose records go to two partitions is folded as two. ' +
          'Let producers use the session id as the key; metric tidemark_misplaced_records_total counts them',
      );
    }
    this.toldMisplaced = true;
  }

  /** Ends what is due, with commits in between where it is much. */
  private async endDue(lease: Lease<RawRecord>, fold: Partition<RawRecord>, clock: number | null): Promise<void> {
    for (;;) {
      const ended = fold.endDue(clock, ENDS);
      if (ended > 0) {
        this.pendingBytes += ended * ENDED_BYTES;
        this.changedAt ??= this.parts.clock.now();
      }
      if (this.pendingBytes >= this.settings.commitMaxBytes) await this.commitNow(lease, fold);
      if (ended < ENDS) return;
    }
  }

  /** Waits while too much is committed that is not published. */
  private async outboxRoom(lease: Lease<RawRecord>, fold: Partition<RawRecord>): Promise<void> {
    while (!this.ending && this.publisher!.backlogBytes > this.settings.outboxMaxBytes) {
      const wait = this.commitOrAcknowledge(lease, fold, this.parts.clock.now());
      await this.waker.sleep(wait);
      this.check();
    }
  }

  // -------------------------------------------------------------------------------------------------------- commits

  private hasChanges(fold: Partition<RawRecord>): boolean {
    return fold.pending > 0 || fold.nextOffset > this.committedOffset;
  }

  /** @returns how long, in ms, there will be nothing to do unless something happens. */
  private commitOrAcknowledge(lease: Lease<RawRecord>, fold: Partition<RawRecord>, now: number): number {
    const publisher = this.publisher!;
    if (this.inFlight !== null) return 60_000;
    if (this.hasChanges(fold)) {
      this.changedAt ??= now;
      const wait = Math.min(LINGER, this.settings.commitInterval) - (now - this.changedAt);
      if (wait > 0) return wait;
      this.startCommit(lease, fold);
      return 60_000;
    }
    if (publisher.position > this.acknowledged) {
      const wait = ACKNOWLEDGE_INTERVAL - (now - this.acknowledgedAt);
      if (wait > 0) return wait;
      const { position } = publisher;
      this.track(lease, lease.acknowledge(position), () => this.noteAcknowledged(position));
    }
    return 60_000;
  }

  private commitIfOlder(lease: Lease<RawRecord>, fold: Partition<RawRecord>, now: number, age: number): void {
    if (this.inFlight === null && this.changedAt !== null && now - this.changedAt >= age) this.startCommit(lease, fold);
  }

  /** Starts a commit, once the one before it is done. */
  private async commitNow(lease: Lease<RawRecord>, fold: Partition<RawRecord>): Promise<void> {
    if (this.inFlight !== null) await this.inFlight;
    this.check();
    this.startCommit(lease, fold);
  }

  private startCommit(lease: Lease<RawRecord>, fold: Partition<RawRecord>): void {
    const { clock, encode, observer } = this.parts;
    const schemas = this.schemas!;
    const started = clock.now();
    const { changes, held } = fold.take();
    const outbox = encode(this.partition, changes.emissions);
    const published = this.publisher!.position;
    const writerSchemas = schemas.toKeep();
    const rows = changes.visits.length + changes.emissions.length;
    this.pendingBytes = 0;
    this.changedAt = null;
    const commit = lease.commit({
      changes,
      amendableUntil: (visit) => fold.amendableUntil(visit),
      outbox,
      lastRecord: this.lastMark(),
      published,
      writerSchemas,
    });
    this.track(lease, commit, () => {
      this.committedOffset = changes.state.nextOffset;
      this.failures = 0;
      this.lastError = null;
      this.noteAcknowledged(published);
      schemas.areKept(writerSchemas);
      fold.settle(held);
      if (outbox !== null) this.publisher?.offer(outbox);
      observer.committed({ partition: this.partition, ms: clock.now() - started, rows });
    });
  }

  private lastMark(): RecordMark | null {
    if (this.last === null) return null;
    if ('record' in this.last) this.last = { mark: markOf(this.last.record) };
    return this.last.mark;
  }

  private noteAcknowledged(position: number): void {
    this.acknowledged = Math.max(this.acknowledged, position);
    this.acknowledgedAt = this.parts.clock.now();
  }

  /** Work in the store, one at a time. What comes of it after the lease was given up concerns nobody. */
  private track(lease: Lease<RawRecord>, work: Promise<void>, done: () => void): void {
    const tracked: Promise<void> = work
      .then(
        () => {
          if (this.lease === lease) done();
        },
        (error: Error) => {
          if (this.lease === lease) this.commitError ??= error;
        },
      )
      .finally(() => {
        if (this.inFlight === tracked) this.inFlight = null;
        this.waker.wake();
      });
    this.inFlight = tracked;
  }

  /** An orderly end: what was folded is committed, and what was given out has a moment to be published. */
  private async finish(lease: Lease<RawRecord>, fold: Partition<RawRecord>): Promise<void> {
    const { clock } = this.parts;
    const last = async () => {
      if (this.inFlight !== null) await this.inFlight;
      if (this.commitError === null && this.hasChanges(fold)) {
        this.startCommit(lease, fold);
        await this.inFlight;
      }
      return true;
    };
    const done = await within(clock, LAST_COMMIT, last());
    if (done === null || this.commitError !== null) {
      this.logger.warn(
        { err: this.commitError === null ? 'no answer in time' : messageOf(this.commitError) },
        'the last commit did not go through: what it held is folded again at the next start',
      );
      return;
    }
    const until = clock.now() + LAST_MESSAGES;
    while (!this.publisher!.isDrained && this.publisher!.error === null && clock.now() < until) {
      await this.waker.sleep(until - clock.now());
    }
    const { position } = this.publisher!;
    if (position > this.acknowledged)
      await within(
        clock,
        500,
        lease.acknowledge(position).catch(() => null),
      );
  }
}

/** Whether a record's key is not the session id of an event in it. */
function isMisplaced({ raw: { key }, entries }: LogRecord<RawRecord>): boolean {
  for (const entry of entries) {
    if (isRefusal(entry)) continue;
    const { sessionId } = entry;
    // Most ids are ASCII: then equal bytes are equal characters, and nothing has to be encoded.
    if (key === null || (key.toString('latin1') !== sessionId && key.toString() !== sessionId)) return true;
  }
  return false;
}
