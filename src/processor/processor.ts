import { CannotGoOn, messageOf } from '../ports/errors.ts';
import type { InputListener, RecordBatch } from '../ports/log.ts';
import type { PartitionReport } from '../ports/observer.ts';
import { Outage } from '../time/outage.ts';
import { Waker, within } from '../time/waiting.ts';
import type { PartitionDeps, PartitionSettings } from './deps.ts';
import { PartitionLife } from './life.ts';
import { Standstills } from './progress.ts';
import { hindrancesOf } from './waits.ts';

/** How often quiet partitions are looked through for visits that are due, ms. */
const TICK = 250;
/** How often committed offsets are shown to lag tools, ms. */
const SHOW_OFFSETS = 5_000;
/** The loop counts as stuck after this, ms: a turn of it waits 25 s at most, for a broker that is away. */
const STUCK = 120_000;
/** Longest that an orderly end waits for lives that end, ms, though all parts may be away. */
const LONGEST_STOP = 8_000;

interface Assignment {
  readonly life: PartitionLife;
  readonly done: Promise<void>;
}

/** Lives of the partitions that the group gives to this processor. */
export class Processor implements InputListener {
  private readonly settings: PartitionSettings;
  private readonly deps: PartitionDeps;
  /** By partition. */
  private readonly assignments = new Map<number, Assignment>();
  private readonly waker: Waker;
  private failure: Error | null = null;
  private stopping = false;
  /** Whether the group counts it as a member: from `assigned` to `revoked`. */
  private isInGroup = false;
  /** When the loop last came round, by the clock's `elapsed`; null before it began. */
  private turnedAt: number | null = null;
  private readonly endOffsets: Outage;
  private readonly standstills: Standstills;
  /** Since when the group has not answered, or not let it in, ms since the epoch; null: it does. */
  private groupSince: number | null = null;

  constructor(settings: PartitionSettings, deps: PartitionDeps) {
    this.settings = settings;
    this.deps = deps;
    this.waker = new Waker(deps.clock);
    this.endOffsets = new Outage(deps.clock, deps.logger);
    this.standstills = new Standstills(deps.logger);
  }

  /**
   * Folds until the signal aborts; then commits, leaves the group and resolves.
   * @throws CannotGoOn, with what happened and what to do.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.deps;
    const abort = () => this.waker.wake();
    signal.addEventListener('abort', abort);
    try {
      await log.start(this);
      let shown = clock.elapsed();
      while (!signal.aborted && this.failure === null) {
        await this.waker.sleep(TICK);
        this.turnedAt = clock.elapsed();
        for (const { life } of this.assignments.values()) life.watch();
        this.watchGroup();
        await this.anticipate();
        if (clock.elapsed() - shown >= SHOW_OFFSETS) {
          shown = clock.elapsed();
          await this.showOffsets();
        }
      }
    } finally {
      signal.removeEventListener('abort', abort);
      await this.stop();
    }
    if (this.failure !== null) throw this.failure;
  }

  /**
   * Why it cannot do its work at this moment; null if it can: it is in the group, and all partitions that the group gave it
   * are taken over, folded and published. How far behind it is does not matter.
   */
  get hindrance(): string | null {
    const { groupTrouble } = this;
    if (!this.isInGroup) return groupTrouble;
    const why = hindrancesOf(this.reports(), this.deps.clock.now());
    if (groupTrouble !== null) why.push(groupTrouble);
    return why.length === 0 ? null : why.join('; ');
  }

  private get groupTrouble(): string | null {
    const { trouble } = this.deps.log;
    return this.isInGroup ? trouble : (trouble ?? 'not in the consumer group');
  }

  /** Logs trouble with the group where it lasts; the parts that fail meanwhile log their own failures. */
  private watchGroup(): void {
    const why = this.groupTrouble;
    const now = this.deps.clock.now();
    this.groupSince = why === null ? null : (this.groupSince ?? now);
    const waits = why === null ? [] : [{ for: 'group', since: this.groupSince!, why } as const];
    this.standstills.watch(waits, {}, now);
  }

  get isReady(): boolean {
    return this.hindrance === null;
  }

  /** Whether it is in the consumer group. */
  get isMember(): boolean {
    return this.isInGroup && this.deps.log.inGroup;
  }

  get hasFailed(): boolean {
    return this.failure !== null;
  }

  /** Whether the loop that all else depends on has not come round for far longer than any answer is waited for. */
  get isStuck(): boolean {
    return this.turnedAt !== null && !this.stopping && this.deps.clock.elapsed() - this.turnedAt > STUCK;
  }

  reports(): PartitionReport[] {
    return [...this.assignments.values()].map(({ life }) => life.report()).sort((a, b) => a.partition - b.partition);
  }

  // --------------------------------------------------------------------------------------------- what the log reports

  assigned(partitions: readonly number[]): void {
    if (this.stopping) return;
    this.isInGroup = true;
    this.deps.observer.rebalanced();
    this.deps.logger.info({ partitions }, 'partitions assigned');
    const ours = new Set(partitions);
    for (const [partition, { life }] of this.assignments) if (!ours.has(partition)) this.lose(partition, life);
    for (const partition of partitions) {
      const assignment = this.assignments.get(partition);
      if (assignment === undefined) this.startLife(partition);
      else assignment.life.reassigned();
    }
  }

  revoked(): void {
    this.isInGroup = false;
    if (!this.stopping) this.deps.observer.failed('broker');
    for (const [partition, { life }] of this.assignments) this.lose(partition, life);
  }

  async batch(batch: RecordBatch): Promise<void> {
    await this.assignments.get(batch.partition)?.life.offer(batch);
  }

  moved(partition: number, from: number, next: number): void {
    this.assignments.get(partition)?.life.moved(from, next);
  }

  questioned(partition: number): void {
    this.assignments.get(partition)?.life.questioned();
  }

  faltered(): void {
    this.deps.observer.failed('broker');
  }

  failed(error: Error): void {
    this.fail(error);
  }

  // --------------------------------------------------------------------------------------------------------- lives

  /** Lives that ended or are about to, by partition: the next one waits for them. */
  private readonly leaving = new Map<number, Promise<void>>();

  private startLife(partition: number): void {
    const life = new PartitionLife(partition, this.settings, this.deps);
    const before = this.leaving.get(partition) ?? Promise.resolve();
    const done = before
      .then(() => life.run())
      .catch((error: Error) => this.fail(error))
      .finally(() => this.waker.wake());
    this.assignments.set(partition, { life, done });
  }

  private lose(partition: number, life: PartitionLife): void {
    const { done } = this.assignments.get(partition)!;
    this.assignments.delete(partition);
    const { committed: offset } = life;
    if (!this.stopping) this.deps.logger.info({ partition, offset }, 'partition lost');
    life.lose();
    const left: Promise<void> = done.finally(() => {
      if (this.leaving.get(partition) === left) this.leaving.delete(partition);
    });
    this.leaving.set(partition, left);
  }

  private fail(error: Error): void {
    if (this.failure === null) {
      this.failure = error;
      this.deps.logger.fatal({ err: messageOf(error) }, 'stopping: this cannot go on without a decision');
    }
    this.waker.wake();
  }

  private async anticipate(): Promise<void> {
    const { clock, log, observer } = this.deps;
    // The clock first, then the end of what is appended: what comes later bears a later stamp.
    const now = clock.now();
    const quiet = [...this.assignments.values()].filter(({ life }) => life.mayAnticipate(now));
    if (quiet.length === 0) return;
    try {
      const bounds = await log.allBounds();
      for (const { life } of quiet) {
        const end = bounds.get(life.partition)?.end;
        if (end !== undefined) life.anticipate(now, end);
      }
      this.endOffsets.over('end offsets can be had again');
    } catch (error) {
      observer.failed('broker');
      this.endOffsets.failed(
        { err: messageOf(error) },
        'end offsets could not be had: quiet partitions end no visit meanwhile',
      );
    }
  }

  private async showOffsets(): Promise<void> {
    const offsets = new Map<number, number>();
    for (const [partition, { life }] of this.assignments) {
      const { committed } = life;
      if (committed !== null && committed >= 0) offsets.set(partition, committed);
    }
    if (offsets.size > 0) await this.deps.log.commit(offsets);
  }

  private async stop(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    const { clock, log, store, output } = this.deps;
    for (const { life } of this.assignments.values()) life.stop();
    const ends = [...this.assignments.values()].map(({ done }) => done);
    await within(clock, LONGEST_STOP, Promise.all([...ends, ...this.leaving.values()]));
    await within(clock, 1_000, this.showOffsets());
    await within(clock, 4_000, log.stop());
    await within(clock, 2_000, Promise.all([output.close(), store.close()]));
  }
}

export { CannotGoOn };
