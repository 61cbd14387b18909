/**
 * One run: a world, and what the plan does to it. At the end all faults stop, and everything has to come out as the
 * reference has it, within a bound of virtual time.
 */
import type { RawRecord } from '../../src/ports/record.ts';
import { type Answers, answersOf, compare, isComplete, selfConsistent } from './check.ts';
import { ENDING, schedule } from './events.ts';
import { type FaultKind, type Plan, type PlannedRecord, START } from './plan.ts';
import { recordOf } from './record.ts';
import { setupOf } from './setup.ts';
import type { Weakness } from './weakness.ts';
import { PlannedWeather } from './weather.ts';
import { World } from './world.ts';

export interface Outcome {
  /** null: all is right. */
  readonly failure: string | null;
  /** What happened, where it was asked for. */
  readonly trace: readonly string[];
  /** The requests that a fault befell. */
  readonly befallen: readonly string[];
  /** How often each kind of fault came. */
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly steps: number;
  readonly virtualMs: number;
}

/** How long after the faults have stopped all must be folded and published, ms: less than any wait for nothing. */
const RECOVERY = 55_000;
/** How long it is watched whether anything more comes, ms. */
const AFTERWARDS = 2_000;

class Run {
  private readonly plan: Plan;
  private readonly world: World;
  private readonly records: RawRecord[][];
  private readonly ends: number[];

  constructor(plan: Plan, weakness: Weakness | null, tracing: boolean) {
    this.plan = plan;
    this.world = new World(setupOf(plan), new PlannedWeather(plan), weakness, tracing);
    this.records = Array.from({ length: plan.partitions }, () => []);
    this.ends = Array.from({ length: plan.partitions }, () => 0);
  }

  async outcome(): Promise<Outcome> {
    const { plan, world } = this;
    for (const planned of plan.records) this.expect(planned);
    const answers = answersOf(
      plan.clockMargin !== null,
      world.setup.settings.rules,
      this.records.map((records) => records.map((r) => world.logRecord(r))),
      this.ends,
    );
    for (const ahead of plan.clocks) world.begin(ahead);
    for (const event of plan.events) schedule(world, event);
    const last = Math.max(0, ...plan.records.map(({ at }) => at), ...plan.events.map(({ at }) => at));
    await this.until(START + last + 1, () => false);
    if (world.failure === null) await this.recover(answers);
    if (world.failure === null) await this.endAll(answers);
    const { failure, befallen, faults, trace, time } = world;
    return { failure, trace: trace ?? [], befallen, faults, steps: time.steps, virtualMs: time.now - START };
  }

  /** Lets a record come at its time. */
  private expect(planned: PlannedRecord): void {
    const { partition, offset, timestamp, at, end } = planned;
    const { world } = this;
    const record = recordOf(planned);
    this.records[partition]!.push(record);
    this.ends[partition] = end;
    world.time.after(at, () => {
      world.topic.append(partition, record, end);
      if (world.trace !== null) world.note(`log: p${partition} gets ${offset} at ${timestamp - START}`);
    });
  }

  private async recover(answers: Answers): Promise<void> {
    const { world, plan } = this;
    world.note('--- no more faults');
    world.heal();
    if (!world.hosts.some((host) => host.isRunning)) world.begin(0);
    if (!(await this.until(world.time.now + RECOVERY, () => isComplete(world, plan, answers)))) {
      if (world.failure === null) world.broken(this.stuck(answers));
      return;
    }
    await this.until(world.time.now + AFTERWARDS, () => false);
    this.judge(answers);
  }

  private async endAll(answers: Answers): Promise<void> {
    const { world } = this;
    world.note('--- all are told to stop');
    const { commits, transactions } = world.counts;
    const running = world.hosts.filter((host) => host.isRunning);
    for (const host of running) host.tellToStop();
    if (!(await this.until(world.time.now + ENDING, () => running.every((host) => !host.isAlive)))) {
      world.broken(`a processor that was told to stop has not ended within ${ENDING} ms`);
    }
    if (world.counts.commits > commits || world.counts.transactions > transactions) this.judge(answers);
  }

  private judge(answers: Answers): void {
    const { world, plan } = this;
    if (world.failure !== null) return;
    const wrong = plan.beyondMargin ? selfConsistent(world, answers) : compare(world, answers);
    if (wrong !== null) world.broken(wrong);
  }

  private until(end: number, done: () => boolean): Promise<boolean> {
    return this.world.time.run(end, () => this.world.failure !== null || done());
  }

  private stuck(answers: Answers): string {
    const { store, seen, topic, hosts } = this.world;
    const partitions = topic.partitions.map((_, p) => {
      const { nextOffset, sequence } = store.tables(p).state;
      const open = store.tables(p).open.size;
      const answer = answers[p]!;
      return `p${p}: offset ${nextOffset} of ${answer.end}, message ${sequence} of ${answer.sequence}, seen ${seen.count(p)}, missing ${seen.missing(p, sequence).slice(0, 10)}, open ${open}`;
    });
    const reports = hosts.flatMap((host) =>
      host.isRunning ? [`${host.name} ${JSON.stringify(host.processor.reports())}`] : [],
    );
    return `stuck: not all is folded and published ${RECOVERY} ms after the last fault\n${[...partitions, ...reports].join('\n')}`;
  }
}

/** Lives a plan through. A rejection without a handler is a failure too. */
export async function simulate(plan: Plan, weakness: Weakness | null = null, tracing = false): Promise<Outcome> {
  let unhandled: string | null = null;
  const onUnhandled = (error: unknown) => {
    unhandled ??= `a rejection that nobody handles: ${error instanceof Error ? error.stack : String(error)}`;
  };
  process.on('unhandledRejection', onUnhandled);
  try {
    const outcome = await new Run(plan, weakness, tracing).outcome();
    // Node reports them when nothing else is left to do.
    await new Promise((resolve) => setImmediate(resolve));
    return { ...outcome, failure: outcome.failure ?? unhandled };
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}
