import type { Logger } from 'pino';
import { CannotGoOn, LogAway, messageOf } from '../ports/errors.ts';
import type { RecordBatch } from '../ports/log.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { Fenced } from '../ports/store.ts';
import { backoff, Waker } from '../time/waiting.ts';
import { Calls } from './calls.ts';
import type { PartitionDeps, PartitionSettings } from './deps.ts';
import { type Arrival, Inbox } from './inbox.ts';
import {
  type ActiveState,
  type Assigned,
  LIFE_TRANSITIONS,
  type LifeState,
  type Shown,
  shownOf,
  tenureOf,
  type Unconfirmed,
} from './life-state.ts';
import { ProgressReporter } from './progress.ts';
import { StateMachine } from './state-machine.ts';
import { Tenure } from './tenure.ts';
import { waitsOf } from './waits.ts';

/**
 * One partition, from its assignment to its loss: one tenure after the other, until it is lost or the processor stops.
 *
 * Invariant: a partition is taken over only while the group gives it to this processor: at its assignment, and after a
 * failure once the group, asked anew, confirms it. Otherwise a processor that lost it without noticing would take it from
 * its new owner, again and again.
 */
export class PartitionLife {
  readonly partition: number;
  private readonly settings: PartitionSettings;
  private readonly deps: PartitionDeps;
  private readonly inbox = new Inbox();
  private readonly waker: Waker;
  private readonly logger: Logger;

  private readonly state: StateMachine<LifeState>;
  private readonly calls: Calls;
  /** How often it was given up in a row, without a commit that went through. */
  private failures = 0;
  /** Highest end offset that the brokers named; null: none yet. */
  private end: number | null = null;
  private readonly progress: ProgressReporter;

  constructor(partition: number, settings: PartitionSettings, deps: PartitionDeps) {
    this.partition = partition;
    this.settings = settings;
    this.deps = deps;
    this.waker = new Waker(deps.clock);
    this.logger = deps.logger.child({ partition });
    this.progress = new ProgressReporter(this.logger);
    this.calls = new Calls(deps.clock);
    this.state = new StateMachine<LifeState>(LIFE_TRANSITIONS, {
      kind: 'assigned',
      since: deps.clock.now(),
      failing: null,
    });
  }

  /** Folds until the partition is lost or `stop` is called; resolves when all is given up. @throws CannotGoOn */
  async run(): Promise<void> {
    while (!this.isOver()) {
      let tenure: Tenure | null = null;
      try {
        if (await this.confirmOurs()) {
          tenure = await this.takeOver();
          await this.runTenure(tenure);
        }
      } catch (error) {
        if (error instanceof CannotGoOn) {
          this.state.become({ kind: 'givenUp', shown: this.shownAfter() });
          throw error;
        }
        if (!this.isOver()) this.failed(error);
      } finally {
        if (this.isOver()) this.state.become({ kind: 'givenUp', shown: this.shownAfter() });
        await this.giveUp(tenure);
      }
      if (this.isOver()) break;
      this.failures += 1;
      await this.waker.sleep(backoff(this.failures));
    }
    this.state.become({ kind: 'ended' });
  }

  /** Whether a stop or a loss ends it. */
  private isOver(): boolean {
    const { kind } = this.state.now;
    return kind === 'ending' || kind === 'givenUp' || kind === 'ended';
  }

  /** What is reported once the tenure is gone: as before, without what only a tenure knows. */
  private shownAfter(): Shown {
    const shown = shownOf(this.state.now);
    return shown.phase === 'running' ? { ...shown, failing: null } : shown;
  }

  /** Asks the group whose the partition is, unless the group gave it since it was given up. */
  private async confirmOurs(): Promise<boolean> {
    if (this.isAssigned()) return true;
    const isOurs = await this.deps.log.holds(this.partition);
    const { now } = this.state;
    // The group may have given it while it was asked.
    if (now.kind !== 'unconfirmed' && now.kind !== 'denied') return this.isAssigned();
    if (!isOurs) this.state.become({ ...now, kind: 'denied' });
    return isOurs;
  }

  private isAssigned(): boolean {
    return this.state.now.kind === 'assigned';
  }

  private takeOver(): Promise<Tenure> {
    const { clock } = this.deps;
    const { failing } = shownOf(this.state.now);
    const [since, startedAt] = [clock.now(), clock.elapsed()];
    this.state.become({ kind: 'takingOver', since, startedAt, failing, isAssignedAgain: false });
    return Tenure.takeOver(this.partition, {
      settings: this.settings,
      deps: this.deps,
      inbox: this.inbox,
      waker: this.waker,
      logger: this.logger,
      calls: this.calls,
      onWritten: () => this.written(),
      isEnding: () => this.isOver(),
      isLost: () => this.isLost(),
      onEnd: (end) => this.heardOfEnd(end),
      endOffset: () => this.end ?? 0,
    });
  }

  /** Folds with a tenure, unless a stop or a loss came while the partition was taken over. */
  private async runTenure(tenure: Tenure): Promise<void> {
    const { now } = this.state;
    if (now.kind !== 'takingOver') return;
    const { clock, observer, log } = this.deps;
    // That Postgres works again is seen by what it writes.
    const failing = now.failing?.part === 'brokers' ? null : now.failing;
    this.state.become({ kind: 'folding', since: clock.now(), tenure, failing, drainedAt: null });
    this.inbox.reset(tenure.reader.from);
    log.seek(this.partition, tenure.reader.from, true);
    log.resume(this.partition);
    const { openVisits, nextOffset } = tenure.fold;
    observer.takenOver({ partition: this.partition, ms: clock.elapsed() - now.startedAt, openVisits });
    this.logger.info(
      { epoch: tenure.lease.epoch, offset: nextOffset, end: this.end, openVisits },
      'partition taken over',
    );
    const committed = tenure.committer.offset;
    try {
      await tenure.run();
    } finally {
      if (tenure.committer.offset > committed) this.failures = 0;
    }
  }

  /** It is to be taken over again, once the group confirms that it is ours. */
  private failed(caught: unknown): void {
    const { now } = this.state;
    if (now.kind === 'ending' || now.kind === 'givenUp' || now.kind === 'ended') return;
    const { clock, observer } = this.deps;
    const { committed: offset } = this;
    const fenced = caught instanceof Fenced;
    const part = caught instanceof LogAway ? 'brokers' : 'store';
    const error = messageOf(caught);
    const since = now.failing?.since ?? this.calls.failedSince ?? clock.now();
    this.calls.failedSince = null;
    this.state.become({ kind: kindAfterFailure(now), since: clock.now(), failing: { part, since, error } });
    this.logger.warn({ offset, err: error }, fenced ? 'fenced: another epoch began' : 'to be taken over again');
    if (!fenced) observer.failed(part === 'brokers' ? 'broker' : part);
  }

  private async giveUp(tenure: Tenure | null): Promise<void> {
    this.inbox.reset(null);
    this.deps.log.pause(this.partition);
    await tenure?.giveUp();
  }

  /** Something was written to the store: it works. */
  private written(): void {
    const { now } = this.state;
    const live = now.kind === 'ending' ? now.from : now;
    if (live.kind === 'folding') live.failing = null;
  }

  private isLost(): boolean {
    const { now } = this.state;
    return now.kind === 'ending' && now.isLost;
  }

  // ------------------------------------------------------------------------------------------- what others report to it

  /**
   * The group gave the partition to this processor again: the reader's position has to be sought anew. A life that
   * waits to take it over tries now: by the time that it would have asked, the group may rebalance once more.
   */
  reassigned(): void {
    const { now } = this.state;
    if (now.kind === 'folding') {
      this.deps.log.seek(this.partition, this.inbox.expected!, !now.tenure.reader.isVerified);
      this.deps.log.resume(this.partition);
      return;
    }
    if (now.kind === 'takingOver') now.isAssignedAgain = true;
    else if (now.kind === 'unconfirmed' || now.kind === 'denied') this.state.become({ ...now, kind: 'assigned' });
    this.waker.wake();
  }

  /** Whether the log is the one that was folded is in question. */
  questioned(): void {
    const { now } = this.state;
    if (now.kind !== 'folding') return;
    now.tenure.reader.question();
    this.waker.wake();
  }

  /** The partition is another's now: nothing more is committed. */
  lose(): void {
    this.finish(true);
  }

  /** Commits what was folded, and ends. */
  stop(): void {
    this.finish(false);
  }

  private finish(isLost: boolean): void {
    const { now } = this.state;
    if (now.kind === 'givenUp' || now.kind === 'ended') return;
    if (now.kind !== 'ending') this.state.become({ kind: 'ending', isLost, from: now });
    else if (isLost) this.state.become({ ...now, isLost });
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
    const { now } = this.state;
    if (now.kind !== 'folding') return;
    if (!this.inbox.offer(arrival)) now.tenure.reader.leaveChain();
    this.waker.wake();
  }

  /** Whether visits may be due by the instance's clock although no record shows it. */
  mayAnticipate(time: number): boolean {
    const { now } = this.state;
    const { clockMargin } = this.settings;
    if (clockMargin === null || now.kind !== 'folding' || !this.inbox.isEmpty) return false;
    const { fold, reader, isStamped } = now.tenure;
    if (!isStamped) return false;
    // Timestamps ahead of this clock by more than the margin: one of the two is wrong, and nothing may be concluded.
    if (!reader.isVerified || (fold.arrivalClock ?? 0) > time + clockMargin) return false;
    return fold.nextDue < time - clockMargin;
  }

  /** @param clock the instance's clock, read before `end`, the end offset, was asked for. */
  anticipate(clock: number, end: number): void {
    this.heardOfEnd(end);
    const { now } = this.state;
    if (now.kind === 'folding') now.tenure.anticipation = { clock, end };
    this.waker.wake();
  }

  private heardOfEnd(end: number): void {
    if (this.end !== null && end <= this.end) return;
    const { now } = this.state;
    if (now.kind === 'folding' && this.isDrained(now.tenure)) now.drainedAt = this.deps.clock.now();
    this.end = end;
  }

  /** Whether all that the partition is known to hold is committed. */
  private isDrained({ committer }: Tenure): boolean {
    return this.end !== null && committer.committed.nextOffset >= this.end;
  }

  /** Offset up to which all is folded and committed; null while it is not ours. */
  get committed(): number | null {
    return tenureOf(this.state.now)?.committer.offset ?? null;
  }

  /** To be called a few times a second. */
  watch(): void {
    this.progress.watch(this.report(), this.deps.clock.now());
  }

  private waitsOf(tenure: Tenure | null, shown: Shown): PartitionReport['waits'] {
    const { calls, deps } = this;
    return waitsOf({
      ...shown,
      storeCall: calls.oldest('store'),
      brokersCall: calls.oldest('brokers'),
      unread: deps.log.unread(this.partition),
      folding: tenure?.blockedBy ?? null,
      registryTrouble: deps.schemas.trouble,
      publishing: tenure?.publisher.trouble ?? null,
    });
  }

  private drainedAt(): number | null {
    const { now } = this.state;
    const live = now.kind === 'ending' ? now.from : now;
    if (live.kind !== 'folding') return null;
    return this.isDrained(live.tenure) ? this.deps.clock.now() : live.drainedAt;
  }

  report(): PartitionReport {
    const tenure = tenureOf(this.state.now);
    const shown = shownOf(this.state.now);
    const folded = tenure?.committer.committed;
    const publisher = tenure?.publisher;
    const { outOfOrderness } = this.settings.rules;
    const watermark = folded?.watermark ?? null;
    const nextDue = folded?.nextDue ?? Number.POSITIVE_INFINITY;
    return {
      partition: this.partition,
      phase: shown.phase,
      epoch: tenure?.lease.epoch ?? null,
      nextOffset: folded?.nextOffset ?? null,
      end: this.end,
      drainedAt: this.drainedAt(),
      arrivalClock: folded?.arrivalClock ?? null,
      eventClock: watermark === null ? null : watermark + outOfOrderness,
      watermark,
      openVisits: folded?.openVisits ?? 0,
      nextDue: nextDue === Number.POSITIVE_INFINITY ? null : nextDue,
      backlogMessages: publisher?.backlogMessages ?? 0,
      backlogBytes: publisher?.backlogBytes ?? 0,
      backlogSince: publisher?.backlogSince ?? null,
      counts: folded === undefined ? null : { ...folded.counts },
      waits: this.waitsOf(tenure, shown),
      storeCallSince: this.calls.oldest('store')?.since ?? null,
    };
  }
}

/** The group need not be asked where it has given the partition once more since the take-over that failed began. */
function kindAfterFailure(state: ActiveState): (Assigned | Unconfirmed)['kind'] {
  switch (state.kind) {
    case 'takingOver':
      return state.isAssignedAgain ? 'assigned' : 'unconfirmed';
    case 'folding':
      return 'unconfirmed';
    default:
      return state.kind;
  }
}
