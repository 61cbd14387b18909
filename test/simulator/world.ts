/**
 * One run: processors over a topic, a store and an output in virtual time, and what the plan does to them. At the end
 * all faults stop, and everything has to come out as the reference has it, within a bound of virtual time.
 */
import type { Entry, LogRecord } from '../../src/core/rules/event.ts';
import type { OutputTopic } from '../../src/ports/output.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import type { PartitionSettings } from '../../src/processor/deps.ts';
import type { EnvelopeContext } from '../../src/wire/envelope.ts';
import { rulesOfLog } from '../core/support/logs.ts';
import { decode } from '../reference/decode.ts';
import { type Answers, answersOf, compare, isComplete, selfConsistent } from './check.ts';
import type { SentRecord } from './cluster/batch.ts';
import { Cluster } from './cluster/cluster.ts';
import { ENDING, schedule } from './events.ts';
import { Host } from './host.ts';
import { GROUP, transactionalIdOf } from './output.ts';
import {
  CALL_FAULTS,
  type CallFault,
  type FaultKind,
  type Plan,
  type PlannedEvent,
  READ_FAULTS,
  type ReadFault,
  START,
} from './plan.ts';
import { Seen } from './seen.ts';
import { StoreServer } from './store-server.ts';
import { VirtualTime } from './time.ts';
import { SimTopic } from './topic.ts';

export const TOPIC = 'tracks';

/** What a part leaves out that the guarantees rest on: to show that the simulator notices. */
export const WEAKNESSES = [
  'no fence',
  'no chain',
  'late commits',
  'no terminate',
  'not drained',
  'no outbox position',
  'position before fencing',
  'unstable position',
  'any coordinator believed',
  'commit without acknowledgements',
  'a part not sent',
  'new sequence numbers on a retry',
  'duplicates taken for new',
  'coordinator asked twice',
  'leaders never forgotten',
  'any stamp believed',
] as const;
export type Weakness = (typeof WEAKNESSES)[number];

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

/** Share of the requests that come late while requests overtake each other. */
const CROSS = 0.5;
/** How long after the faults have stopped all must be folded and published, ms: less than any wait for nothing. */
const RECOVERY = 55_000;
/** How long it is watched whether anything more comes, ms. */
const AFTERWARDS = 2_000;

export class World {
  readonly plan: Plan;
  readonly weakness: Weakness | null;
  readonly time = new VirtualTime(START);
  readonly topic: SimTopic;
  readonly store: StoreServer;
  readonly cluster: Cluster;
  readonly seen: Seen;
  readonly settings: PartitionSettings;
  readonly hosts: Host[] = [];
  readonly trace: string[] | null;
  readonly counts = { commits: 0, transactions: 0, takeOvers: 0 };
  /** Whether faults come. */
  active = true;
  stalledUntil = 0;
  failure: string | null = null;
  brokerAwayUntil = 0;
  /** Until when requests of a kind come late, ms. */
  crossing = { until: 0, op: '' };
  storeAwayUntil = 0;
  private readonly befallen: string[] = [];
  private readonly faults = new Map<FaultKind, number>();
  private readonly entries = new Map<RawRecord, readonly Entry[]>();
  private readonly records: RawRecord[][];
  private readonly ends: number[];

  constructor(plan: Plan, weakness: Weakness | null, tracing: boolean) {
    this.plan = plan;
    this.weakness = weakness;
    this.trace = tracing ? [] : null;
    this.topic = new SimTopic(this, plan.partitions);
    this.store = new StoreServer(this, plan.partitions);
    this.seen = new Seen(plan.partitions, plan.outputs, (what) => this.broken(what));
    this.cluster = new Cluster(
      this,
      Array.from({ length: plan.partitions }, (_, p) => transactionalIdOf(p)),
      GROUP,
    );
    this.records = Array.from({ length: plan.partitions }, () => []);
    this.ends = Array.from({ length: plan.partitions }, () => 0);
    this.settings = {
      topic: TOPIC,
      rules: rulesOfLog({ config: plan.config, outputDebug: plan.outputDebug, steps: [] }),
      commitInterval: plan.commitInterval,
      commitMaxBytes: plan.commitMaxBytes,
      outboxMaxBytes: plan.outboxMaxBytes,
      clockMargin: plan.clockMargin,
      start: 'earliest',
    };
  }

  async run(): Promise<Outcome> {
    const { plan, time } = this;
    for (const planned of plan.records) {
      const { partition, offset, timestamp, stamped, events, at, end } = planned;
      const value = Buffer.from(JSON.stringify(events));
      const key = Buffer.from(events[0]?.session_id ?? '');
      const record: RawRecord = { offset, timestamp, stamped, key, value, headers: [] };
      this.entries.set(
        record,
        events.map((event) => decode(event, timestamp)),
      );
      this.records[partition]!.push(record);
      this.ends[partition] = end;
      time.after(at, () => {
        this.topic.append(partition, record, end);
        if (this.trace !== null) this.note(`log: p${partition} gets ${offset} at ${timestamp - START}`);
      });
    }
    const answers = answersOf(
      plan,
      this.settings.rules,
      this.records.map((records) => records.map((r) => this.logRecord(r))),
      this.ends,
    );
    plan.clocks.forEach((ahead) => {
      this.begin(ahead);
    });
    for (const event of plan.events) schedule(this, event);
    const last = Math.max(0, ...plan.records.map(({ at }) => at), ...plan.events.map(({ at }) => at));
    await this.until(START + last + 1, () => false);
    if (this.failure === null) await this.recover(answers);
    if (this.failure === null) await this.endAll(answers);
    const { befallen, faults, trace } = this;
    return {
      failure: this.failure,
      trace: trace ?? [],
      befallen,
      faults,
      steps: time.steps,
      virtualMs: time.now - START,
    };
  }

  private async recover(answers: Answers): Promise<void> {
    const { time } = this;
    this.note('--- no more faults');
    this.active = false;
    this.brokerAwayUntil = 0;
    this.crossing = { until: 0, op: '' };
    this.storeAwayUntil = 0;
    this.stalledUntil = 0;
    this.cluster.heal();
    if (!this.hosts.some((host) => host.isRunning)) this.begin(0);
    if (!(await this.until(time.now + RECOVERY, () => isComplete(this, answers)))) {
      if (this.failure === null) this.broken(this.stuck(answers));
      return;
    }
    await this.until(time.now + AFTERWARDS, () => false);
    this.judge(answers);
  }

  private async endAll(answers: Answers): Promise<void> {
    this.note('--- all are told to stop');
    const { commits, transactions } = this.counts;
    const running = this.hosts.filter((host) => host.isRunning);
    for (const host of running) host.tellToStop();
    if (!(await this.until(this.time.now + ENDING, () => running.every((host) => !host.isAlive)))) {
      this.broken(`a processor that was told to stop has not ended within ${ENDING} ms`);
    }
    if (this.counts.commits > commits || this.counts.transactions > transactions) this.judge(answers);
  }

  private judge(answers: Answers): void {
    if (this.failure !== null) return;
    const wrong = this.plan.beyondMargin ? selfConsistent(this, answers) : compare(this, answers);
    if (wrong !== null) this.broken(wrong);
  }

  private until(end: number, done: () => boolean): Promise<boolean> {
    return this.time.run(end, () => this.failure !== null || done());
  }

  private stuck(answers: Answers): string {
    const partitions = this.topic.partitions.map((_, p) => {
      const { nextOffset, sequence } = this.store.tables(p).state;
      const open = this.store.tables(p).open.size;
      const answer = answers[p]!;
      return `p${p}: offset ${nextOffset} of ${answer.end}, message ${sequence} of ${answer.sequence}, seen ${this.seen.count(p)}, missing ${this.seen.missing(p, sequence).slice(0, 10)}, open ${open}`;
    });
    const reports = this.hosts.flatMap((host) =>
      host.isRunning ? [`${host.name} ${JSON.stringify(host.processor.reports())}`] : [],
    );
    return `stuck: not all is folded and published ${RECOVERY} ms after the last fault\n${[...partitions, ...reports].join('\n')}`;
  }

  // --------------------------------------------------------------------------------------------- what befalls whom

  begin(ahead: number): void {
    const host = new Host(this, `host ${this.hosts.length + 1}`, ahead);
    this.hosts.push(host);
    this.note(`${host.name} begins`);
  }

  /** A processor has ended by itself. */
  ended(host: Host): void {
    this.note(`${host.name} has ended${host.error === null ? '' : `: ${host.error.message}`}`);
    if (host.error !== null) this.broken(`${host.name} ended: ${host.error.message}`);
  }

  awayUntil(part: 'store' | 'broker'): number {
    return part === 'store' ? this.storeAwayUntil : this.brokerAwayUntil;
  }

  /** Whether a request to brokers comes late, and another overtakes it. */
  crosses(op: string, chance: number): boolean {
    return this.time.now < this.crossing.until && chance > 1 - CROSS && op.includes(this.crossing.op);
  }

  get delay(): number {
    return this.active ? this.plan.delay : Math.min(this.plan.delay, 5);
  }

  /** Resolves after so many ms of virtual time; at once if there are none. */
  async pass(ms: number): Promise<void> {
    if (ms >= 1) await this.time.sleep(Math.floor(ms));
  }

  // ------------------------------------------------------------------------------------------------ chance and what
  // is told of it

  callFault(chance: number, name: string): CallFault | null {
    return this.fault(CALL_FAULTS, chance, name);
  }

  readFault(chance: number, name: string): ReadFault | null {
    return this.fault(READ_FAULTS, chance, name);
  }

  private fault<K extends FaultKind>(kinds: readonly K[], chance: number, name: string): K | null {
    const { rate, faults, only } = this.plan;
    if (!this.active || chance >= rate) return null;
    const kind = kinds[Math.floor((chance / rate) * kinds.length)]!;
    if (!faults.has(kind) || (only !== null && !only.has(name))) return null;
    this.befallen.push(name);
    this.count(kind);
    this.note(`FAULT ${kind}: ${name}`);
    return kind;
  }

  happened({ kind }: PlannedEvent, what: string): void {
    this.count(kind);
    this.note(`FAULT ${kind} ${what}`);
  }

  count(kind: FaultKind): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  note(what: string): void {
    this.trace?.push(`${String(this.time.now - START).padStart(7)} ${what}`);
  }

  /** A promise is broken: the run ends here. */
  broken(what: string): void {
    if (this.failure !== null) return;
    this.failure = what;
    this.note(`BROKEN ${what}`);
  }

  // ------------------------------------------------------------------------------------------------- what is decoded

  decode(_: number, record: RawRecord): LogRecord<RawRecord> {
    const decoded = this.logRecord(record);
    return this.weakness === 'any stamp believed' ? { ...decoded, stamped: true } : decoded;
  }

  private logRecord(record: RawRecord): LogRecord<RawRecord> {
    const { offset, timestamp, stamped } = record;
    return { offset, timestamp, stamped, entries: this.entries.get(record)!, raw: record };
  }

  /** A read-committed consumer sees a record. */
  shown(topic: OutputTopic, partition: number, record: SentRecord): void {
    if (this.trace !== null) {
      const of = (name: string) => record.headers.find(([found]) => found === `tidemark-${name}`)?.[1];
      this.note(`${topic} ${partition} shows message ${of('sequence')} of p${of('partition')}`);
    }
    this.seen.see(topic, partition, record);
  }

  positioned(partition: number, position: number): void {
    this.note(`position of p${partition} is ${position}`);
    this.seen.positioned(partition, position);
  }
}

export function envelopeOf(topic: string, partition: number): EnvelopeContext {
  const maxBytes = { output: 1_000_000, 'dead-letter': 1_000_000, late: 1_000_000 };
  return { topic, partition, outputSchemaId: 1, maxBytes, severalPerRecord: true };
}

/** Lives a plan through. A rejection without a handler is a failure too. */
export async function simulate(plan: Plan, weakness: Weakness | null = null, tracing = false): Promise<Outcome> {
  let unhandled: string | null = null;
  const onUnhandled = (error: unknown) => {
    unhandled ??= `a rejection that nobody handles: ${error instanceof Error ? error.stack : String(error)}`;
  };
  process.on('unhandledRejection', onUnhandled);
  try {
    const outcome = await new World(plan, weakness, tracing).run();
    // Node reports them when nothing else is left to do.
    await new Promise((resolve) => setImmediate(resolve));
    return { ...outcome, failure: outcome.failure ?? unhandled };
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
}
