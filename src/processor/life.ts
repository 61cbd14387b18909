import type { Logger } from 'pino';
import { CannotGoOn, LogAway, messageOf } from '../ports/errors.ts';
import type { RecordBatch } from '../ports/log.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { Fenced } from '../ports/store.ts';
import { backoff, Waker } from '../time/waiting.ts';
import { Calls } from './calls.ts';
import type { PartitionDeps, PartitionSettings } from './deps.ts';
import { type Arrival, Inbox } from './inbox.ts';
import { Progress } from './progress.ts';
import { Tenure } from './tenure.ts';
import { type Known, waitsOf } from './waits.ts';

/**
 * One partition, from its assignment to its loss: an epoch after the other, until it is lost or the processor stops.
 *
 * Invariant: a partition is taken over only while the group gives it to this processor: at its assignment, and after a
 * failure once the group, asked anew, says so. Otherwise a processor that lost it without noticing would take it from
 * its new owner, again and again.
 */
export class PartitionLife {
  readonly partition: number;
  private readonly settings: PartitionSettings;
  private readonly deps: PartitionDeps;
  private readonly inbox = new Inbox();
  private readonly waker: Waker;
  private readonly logger: Logger;

  private phase: PartitionReport['phase'] = 'waiting';
  private phaseSince: number;
  private readonly calls: Calls;
  private epoch: Tenure | null = null;
  private ending = false;
  private lost = false;
  /** Why it was given up last, and since when nothing has been written; null: something was since. */
  private failing: Known['failing'] = null;
  /** The group was asked whose the partition is, and did not say that it is ours. */
  private isAnothers = false;
  /** In a row, without a commit that went through. */
  private failures = 0;
  /** The group gave the partition since it was last tried to take it over: no need to ask. */
  private given = true;
  private end: number | null = null;
  private drainedAt: number | null = null;
  private readonly progress: Progress;

  constructor(partition: number, settings: PartitionSettings, deps: PartitionDeps) {
    this.partition = partition;
    this.settings = settings;
    this.deps = deps;
    this.waker = new Waker(deps.clock);
    this.logger = deps.logger.child({ partition });
    this.progress = new Progress(this.logger);
    this.calls = new Calls(deps.clock);
    this.phaseSince = deps.clock.now();
  }

  /** Resolves when the partition was lost or `stop` was called, and all is given up. @throws CannotGoOn */
  async run(): Promise<void> {
    while (!this.ending) {
      try {
        const { given } = this;
        this.given = false;
        if (given || (await this.isOurs())) await this.own();
      } catch (error) {
        if (error instanceof CannotGoOn) throw error;
        if (this.ending) break;
        const fenced = error instanceof Fenced;
        const part = error instanceof LogAway ? 'broker' : 'store';
        const why = this.fails(part === 'broker' ? 'brokers' : 'store', error);
        const offset = this.committed;
        this.logger.warn({ offset, err: why }, fenced ? 'fenced: another epoch began' : 'to be taken over again');
        if (!fenced) this.deps.observer.failed(part);
        this.become('waiting');
      } finally {
        await this.giveUp();
      }
      this.failures += 1;
      if (!this.ending) await this.waker.sleep(backoff(this.failures));
    }
    this.become('ended');
  }

  private become(phase: PartitionReport['phase']): void {
    if (this.phase !== phase) this.phaseSince = this.deps.clock.now();
    this.phase = phase;
  }

  /** @returns the message of the error */
  private fails(part: 'store' | 'brokers', caught: unknown): string {
    const error = messageOf(caught);
    const since = this.failing?.since ?? this.calls.failedSince ?? this.deps.clock.now();
    this.calls.failedSince = null;
    this.failing = { part, since, error };
    return error;
  }

  private async isOurs(): Promise<boolean> {
    this.isAnothers = !(await this.deps.log.holds(this.partition));
    return !this.isAnothers;
  }

  private async own(): Promise<void> {
    const { clock, observer, log } = this.deps;
    this.isAnothers = false;
    this.become('taking over');
    const started = clock.elapsed();
    const epoch = await Tenure.begin(this.partition, {
      settings: this.settings,
      deps: this.deps,
      inbox: this.inbox,
      waker: this.waker,
      logger: this.logger,
      calls: this.calls,
      written: () => {
        this.failing = null;
      },
      ending: () => ({ now: this.ending, lost: this.lost }),
      onEnd: (end) => this.heardOfEnd(end),
      end: () => this.end ?? 0,
    });
    this.epoch = epoch;
    if (this.ending) return;
    this.inbox.reset(epoch.from);
    log.seek(this.partition, epoch.from, true);
    log.resume(this.partition);
    this.become('running');
    this.given = false;
    // That Postgres works again is seen by what it writes.
    if (this.failing?.part === 'brokers') this.failing = null;
    const { openVisits, nextOffset } = epoch.fold;
    observer.takenOver({ partition: this.partition, ms: clock.elapsed() - started, openVisits });
    this.logger.info(
      { epoch: epoch.lease.epoch, offset: nextOffset, end: this.end, openVisits },
      'partition taken over',
    );
    const committed = epoch.committer.offset;
    try {
      await epoch.run();
    } finally {
      if (epoch.committer.offset > committed) this.failures = 0;
    }
  }

  private async giveUp(): Promise<void> {
    const { epoch } = this;
    this.inbox.reset(null);
    this.deps.log.pause(this.partition);
    this.epoch = null;
    this.drainedAt = null;
    await epoch?.giveUp();
  }

  // ------------------------------------------------------------------------------------------- what others tell it

  /**
   * The group gave the partition to this processor again: the reader's position has to be sought anew. A life that
   * waits to take it over tries now: by the time that it would have asked, the group may be dealing anew once more.
   */
  reassigned(): void {
    const { expected } = this.inbox;
    if (expected === null) {
      this.given = true;
      this.waker.wake();
      return;
    }
    this.deps.log.seek(this.partition, expected, this.epoch?.isVerified === false);
    this.deps.log.resume(this.partition);
  }

  /** Whether the log is the one that was folded is in question. */
  questioned(): void {
    if (this.inbox.expected === null || this.epoch === null) return;
    this.epoch.inQuestion = true;
    this.waker.wake();
  }

  /** The partition is somebody else's now: nothing more is committed. */
  lose(): void {
    this.lost = true;
    this.stop();
  }

  /** Commits what was folded, and ends. */
  stop(): void {
    this.ending = true;
    this.inbox.reset(null);
    this.waker.wake();
  }

  /** Resolves when there is room for the next batch. */
  async offer(batch: RecordBatch): Promise<void> {
    this.heardOfEnd(batch.highWatermark);
    this.arrived(batch);
    await this.inbox.room();
  }

  moved(from: number, next: number): void {
    this.arrived({ from, next, records: [] });
  }

  private arrived(arrival: Arrival): void {
    if (this.inbox.expected === null || this.epoch === null) return;
    if (!this.inbox.offer(arrival)) this.epoch.outOfChain = true;
    this.waker.wake();
  }

  /** Whether visits may be due by the instance's clock although no record says so. */
  mayAnticipate(now: number): boolean {
    const { clockMargin } = this.settings;
    if (clockMargin === null || this.epoch === null || !this.epoch.isVerified || !this.inbox.isEmpty) return false;
    const { fold } = this.epoch;
    // Stamps ahead of this clock by more than the margin: one of the two is wrong, and nothing may be concluded.
    if ((fold.arrivalClock ?? 0) > now + clockMargin) return false;
    return fold.nextDue < now - clockMargin;
  }

  /** @param clock the instance's clock, read before `end`, the end offset, was asked for. */
  anticipate(clock: number, end: number): void {
    this.heardOfEnd(end);
    if (this.epoch !== null) this.epoch.anticipation = { clock, end };
    this.waker.wake();
  }

  private heardOfEnd(end: number): void {
    this.end = Math.max(this.end ?? 0, end);
  }

  /** Offset up to which all is folded and committed; null while it is not ours. */
  get committed(): number | null {
    return this.epoch?.committer.offset ?? null;
  }

  /** To be called a few times a second. */
  watch(): void {
    this.progress.watch(this.report(), this.deps.clock.now());
  }

  private get waits(): PartitionReport['waits'] {
    const { epoch, phase, phaseSince, failing, isAnothers, calls } = this;
    return waitsOf({
      ...{ phase, phaseSince, isAnothers },
      failing: phase === 'running' && !epoch?.committer.isBehind ? null : failing,
      storeCall: calls.oldest('store'),
      brokersCall: calls.oldest('brokers'),
      unread: this.deps.log.unread(this.partition),
      folding: epoch?.waiting ?? null,
      registryTrouble: this.deps.schemas.trouble,
      publishing: epoch?.publisher.trouble ?? null,
    });
  }

  report(): PartitionReport {
    const { epoch } = this;
    const folded = epoch?.committer.committed;
    const publisher = epoch?.publisher;
    const { outOfOrderness } = this.settings.rules;
    const watermark = folded?.watermark ?? null;
    const nextDue = folded?.nextDue ?? Number.POSITIVE_INFINITY;
    if (folded !== undefined && this.end !== null && folded.nextOffset >= this.end)
      this.drainedAt = this.deps.clock.now();
    return {
      partition: this.partition,
      phase: this.phase,
      epoch: epoch?.lease.epoch ?? null,
      nextOffset: folded?.nextOffset ?? null,
      end: this.end,
      drainedAt: this.drainedAt,
      arrivalClock: folded?.arrivalClock ?? null,
      eventClock: watermark === null ? null : watermark + outOfOrderness,
      watermark,
      openVisits: folded?.openVisits ?? 0,
      nextDue: nextDue === Number.POSITIVE_INFINITY ? null : nextDue,
      backlogMessages: publisher?.backlogMessages ?? 0,
      backlogBytes: publisher?.backlogBytes ?? 0,
      backlogSince: publisher?.backlogSince ?? null,
      counts: folded === undefined ? null : { ...folded.counts },
      waits: this.waits,
      storeCallSince: this.calls.oldest('store')?.since ?? null,
    };
  }
}
