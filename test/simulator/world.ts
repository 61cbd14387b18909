/** A topic, a store and brokers in virtual time, the processors over them, and what befalls all of these. */
import type { Entry, LogRecord } from '../../src/core/rules/event.ts';
import type { OutputTopic } from '../../src/ports/output.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import type { PlainEvent } from '../reference/decode.ts';
import type { SentRecord } from './cluster/batch.ts';
import { Cluster } from './cluster/cluster.ts';
import { Host, type HostWorld } from './host.ts';
import { GROUP, transactionalIdOf } from './names.ts';
import type { CallFault, FaultKind, ReadFault } from './plan.ts';
import { entriesOf, recordOf } from './record.ts';
import { Seen } from './seen.ts';
import type { Setup } from './setup.ts';
import { StoreServer } from './store-server.ts';
import type { Reached } from './surroundings.ts';
import { VirtualTime } from './time.ts';
import { SimTopic } from './topic.ts';
import type { Weakness } from './weakness.ts';
import type { Weather } from './weather.ts';

/** Share of the requests that come late while requests overtake each other. */
const CROSS = 0.5;
/** How long the group waits for a silent member, ms. */
const SESSION = 3_000;

export class World implements HostWorld {
  readonly setup: Setup;
  /** May change at any time. */
  weather: Weather;
  readonly weakness: Weakness | null;
  readonly time: VirtualTime;
  readonly topic: SimTopic;
  readonly store: StoreServer;
  readonly cluster: Cluster;
  readonly seen: Seen;
  readonly hosts: Host[] = [];
  readonly trace: string[] | null;
  readonly counts = { commits: 0, transactions: 0, takeOvers: 0 };
  /** The requests that a fault befell. */
  readonly befallen: string[] = [];
  /** How often each kind of fault came. */
  readonly faults = new Map<FaultKind, number>();
  active = true;
  failure: string | null = null;
  stalledUntil = 0;
  brokerAwayUntil = 0;
  /** Until when requests of a kind come late, ms. */
  crossing = { until: 0, op: '' };
  storeAwayUntil = 0;
  private readonly entries = new Map<RawRecord, readonly Entry[]>();

  constructor(setup: Setup, weather: Weather, weakness: Weakness | null, tracing: boolean) {
    const { partitions, outputs } = setup;
    this.setup = setup;
    this.weather = weather;
    this.weakness = weakness;
    this.time = new VirtualTime(setup.start);
    this.trace = tracing ? [] : null;
    this.topic = new SimTopic(this, partitions);
    this.store = new StoreServer(this, partitions);
    this.seen = new Seen(partitions, outputs, (what) => this.broken(what));
    this.cluster = new Cluster(
      this,
      Array.from({ length: partitions }, (_, p) => transactionalIdOf(p)),
      GROUP,
    );
  }

  get seed(): number {
    return this.setup.seed;
  }

  get outputs(): Readonly<Record<OutputTopic, number>> {
    return this.setup.outputs;
  }

  get batch(): number {
    return this.setup.batch;
  }

  get learns(): number {
    return this.setup.learns;
  }

  // --------------------------------------------------------------------------------------------- what befalls whom

  /** @param ahead what the clock of its process is ahead by, ms. */
  begin(ahead = 0): Host {
    const host = new Host(this, `host ${this.hosts.length + 1}`, ahead);
    this.hosts.push(host);
    this.note(`${host.name} begins`);
    return host;
  }

  /** SIGKILL. */
  kill(host: Host): void {
    host.kill();
    this.silent(host);
  }

  /** The group goes on without a member that does not answer. */
  silent(host: Host): void {
    this.time.after(SESSION, () => {
      if (!host.isRunning) this.topic.leave(host.input);
    });
  }

  /** Events come as one record, which has the next offset. */
  append(partition: number, timestamp: number, events: readonly (PlainEvent | null)[], stamped = true): void {
    const offset = this.topic.partitions[partition]!.end;
    this.topic.append(partition, recordOf({ offset, timestamp, stamped, events }), offset + 1);
  }

  /** A processor has ended by itself. */
  ended({ name, error }: Host): void {
    this.note(`${name} has ended${error === null ? '' : `: ${error.message}`}`);
    if (error !== null) this.broken(`${name} ended: ${error.message}`);
  }

  /** Nothing befalls anything any more, and all that was away is back. */
  heal(): void {
    this.active = false;
    this.brokerAwayUntil = 0;
    this.crossing = { until: 0, op: '' };
    this.storeAwayUntil = 0;
    this.stalledUntil = 0;
    this.cluster.heal();
  }

  awayUntil(part: Reached): number {
    return part === 'store' ? this.storeAwayUntil : this.brokerAwayUntil;
  }

  /** Whether a request to brokers comes late, and another overtakes it. */
  crosses(op: string, chance: number): boolean {
    return this.time.now < this.crossing.until && chance > 1 - CROSS && op.includes(this.crossing.op);
  }

  get hidesOwners(): boolean {
    return this.active && this.weather.hidesOwners;
  }

  get delay(): number {
    return this.active ? this.weather.delay : Math.min(this.weather.delay, 5);
  }

  async pass(ms: number): Promise<void> {
    if (ms >= 1) await this.time.sleep(Math.floor(ms));
  }

  // ------------------------------------------------------------------------------------------------ chance and what
  // is told of it

  callFault(part: Reached, chance: number, name: string): CallFault | null {
    return this.active ? this.befalls(this.weather.callFault(part, chance, name), name) : null;
  }

  readFault(chance: number, name: string): ReadFault | null {
    return this.active ? this.befalls(this.weather.readFault(chance, name), name) : null;
  }

  questions(chance: number): boolean {
    return this.active && this.weather.questions(chance);
  }

  private befalls<K extends FaultKind>(kind: K | null, name: string): K | null {
    if (kind === null) return null;
    this.befallen.push(name);
    this.count(kind);
    this.note(`FAULT ${kind}: ${name}`);
    return kind;
  }

  happened(kind: FaultKind, what: string): void {
    this.count(kind);
    this.note(`FAULT ${kind} ${what}`);
  }

  count(kind: FaultKind): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  note(what: string): void {
    this.trace?.push(`${String(this.time.now - this.setup.start).padStart(7)} ${what}`);
  }

  broken(what: string): void {
    if (this.failure !== null) return;
    this.failure = what;
    this.note(`BROKEN ${what}`);
  }

  // ------------------------------------------------------------------------------------------------- what is awaited

  /** Whether all that was appended is folded, committed, and seen by consumers. */
  get isQuiet(): boolean {
    return this.topic.partitions.every(({ end }, partition) => {
      const { nextOffset, sequence } = this.store.tables(partition).state;
      return nextOffset >= end && this.seen.count(partition) >= sequence;
    });
  }

  /**
   * Lets time pass until a condition holds.
   * @throws if it does not within `ms` of virtual time, or if a promise is broken before.
   */
  async until(condition: () => boolean, what: string, ms = 120_000): Promise<void> {
    await this.time.run(this.time.now + ms, () => condition() || this.failure !== null);
    if (condition()) return;
    const reports = this.hosts.flatMap((host) => (host.isRunning ? host.processor.reports() : []));
    throw new Error(`${this.failure ?? `not within ${ms} ms`}: ${what}\n${JSON.stringify(reports)}`);
  }

  // ------------------------------------------------------------------------------------------------- what is decoded

  decode(record: RawRecord): LogRecord<RawRecord> {
    const decoded = this.logRecord(record);
    return this.weakness === 'any stamp believed' ? { ...decoded, stamped: true } : decoded;
  }

  /** A record as it is, whatever is left out. */
  logRecord(record: RawRecord): LogRecord<RawRecord> {
    const { offset, timestamp, stamped } = record;
    let entries = this.entries.get(record);
    if (entries === undefined) {
      entries = entriesOf(record);
      this.entries.set(record, entries);
    }
    return { offset, timestamp, stamped, entries, raw: record };
  }

  // ---------------------------------------------------------------------------------------------------- what is shown

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
