/** A processor as a process: it can be killed, stopped and resumed, and its clock can be wrong. */
import type { Logger } from 'pino';
import { idleMemory } from '../../src/core/memory/stored-summaries.ts';
import type { LogRecord } from '../../src/core/rules/event.ts';
import type { Observer } from '../../src/ports/observer.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { Processor } from '../../src/processor/processor.ts';
import { WriterSchemas } from '../../src/processor/schemas.ts';
import type { Clock } from '../../src/time/clock.ts';
import { Envelopes } from '../../src/wire/envelope.ts';
import { decodeOutbox } from '../../src/wire/outbox.ts';
import { decodeVisitEnded } from '../../src/wire/visit-ended.ts';
import type { Cluster } from './cluster/cluster.ts';
import { type Dice, dice, streamOf } from './dice.ts';
import { Fault } from './fault.ts';
import { SimInput } from './input.ts';
import { envelopeOf, TOPIC } from './names.ts';
import { SimOutput } from './output.ts';
import type { CallFault } from './plan.ts';
import type { Seen } from './seen.ts';
import type { Setup } from './setup.ts';
import { SimStore } from './store.ts';
import type { StoreServer } from './store-server.ts';
import type { InputSurroundings, Process, Reached } from './surroundings.ts';
import type { SimTopic } from './topic.ts';

/** Longest that one waits for an answer that does not come, ms. */
const TIMEOUT = 2_000;
/** Longest that a request is late by in a network where requests overtake each other, ms. */
const CROSSED = 1_500;

/** What is around a processor, and the parts that it reaches. */
export interface HostWorld extends InputSurroundings {
  readonly setup: Setup;
  readonly topic: SimTopic;
  readonly store: StoreServer;
  readonly cluster: Cluster;
  readonly seen: Seen;
  /** null: nobody asked for it. */
  readonly trace: readonly string[] | null;
  /** What processors have told. */
  readonly counts: { commits: number; transactions: number; takeOvers: number };
  /** Until when the store answers nothing, ms since the epoch. */
  readonly stalledUntil: number;
  callFault(part: Reached, chance: number, name: string): CallFault | null;
  /** Whether a request to brokers comes late, and another overtakes it. */
  crosses(op: string, chance: number): boolean;
  decode(record: RawRecord): LogRecord<RawRecord>;
  /** A processor has ended by itself. */
  ended(host: Host): void;
}

export class Host implements Process {
  readonly world: HostWorld;
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly input: SimInput;
  readonly output: SimOutput;
  readonly processor: Processor;
  /** What its clock is ahead by, ms. */
  ahead: number;
  state: 'running' | 'stopped' | 'dead' | 'ended' = 'running';
  error: Error | null = null;
  wasStopped = false;
  private readonly abort = new AbortController();
  /** What came while it was stopped. */
  private deferred: (() => void)[] = [];
  private readonly streams = new Map<string, { readonly draw: Dice; calls: number }>();

  constructor(world: HostWorld, name: string, ahead: number) {
    this.world = world;
    this.name = name;
    this.ahead = ahead;
    this.clock = {
      now: () => world.time.now + this.ahead,
      elapsed: () => world.time.now,
      sleep: (ms, signal) => this.sleep(ms, signal),
    };
    this.logger = this.makeLogger();
    this.input = new SimInput(world, world.topic, this);
    this.output = new SimOutput(world, this);
    const parts = { clock: this.clock, logger: this.logger, observer: this.observer() };
    const { settings, idleBytes, schemas } = world.setup;
    const reader = { schemaIdOf: schemas.schemaIdOf, add: () => {}, addUnknown: () => {}, forget: () => {} };
    this.processor = new Processor(settings, {
      ...parts,
      idle: idleMemory(idleBytes),
      commits: { maxBytes: settings.commitMaxBytes * 2, usedBytes: 0 },
      log: this.input,
      store: new SimStore(world.store, this),
      output: this.output,
      schemas: new WriterSchemas(reader, schemas, parts),
      decode: (_, record) => world.decode(record),
      prefetch: (records) => records.length,
      outgoing: (partition) => new Envelopes(envelopeOf(TOPIC, partition)),
      decodeOutbox,
      eventIdOf: (value) => decodeVisitEnded(value).eventId,
    });
    void this.processor.run(this.abort.signal).then(
      () => this.over(null),
      (error: Error) => this.over(error),
    );
  }

  get isAlive(): boolean {
    return this.state === 'running' || this.state === 'stopped';
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  // ---------------------------------------------------------------------------------------------- what befalls it

  /** SIGTERM. */
  tellToStop(): void {
    this.enter(() => this.abort.abort());
  }

  /** SIGKILL: nothing that it waits for ever comes. */
  kill(): void {
    this.state = 'dead';
    this.deferred = [];
    this.world.store.gone(this);
  }

  /** SIGSTOP. */
  stop(): void {
    this.state = 'stopped';
    this.wasStopped = true;
  }

  /** SIGCONT: all that came meanwhile comes now. */
  resume(): void {
    if (this.state !== 'stopped') return;
    this.state = 'running';
    const deferred = this.deferred;
    this.deferred = [];
    for (const each of deferred) this.enter(each);
  }

  // ----------------------------------------------------------------------------------------------- how it is reached

  enter(happens: () => void): void {
    if (this.state === 'stopped') this.deferred.push(happens);
    else if (this.state === 'running') happens();
  }

  running(): Promise<void> {
    return new Promise((resolve) => this.enter(resolve));
  }

  async call<T>(part: Reached, op: string, work: (late: boolean) => T | Promise<T>, lingers = false): Promise<T> {
    const { world } = this;
    let stream = this.streams.get(op);
    if (stream === undefined) {
      stream = { draw: this.dice(op), calls: 0 };
      this.streams.set(op, stream);
    }
    const { draw } = stream;
    const [chance, there, back, wait] = [draw(), draw(), draw(), draw()];
    const name = `${this.name} ${op} ${++stream.calls}`;
    if (this.state !== 'running') await this.running();
    const fault = world.callFault(part, chance, name);
    const slow = fault === 'slow' ? wait * 3_000 : 0;
    if (fault === 'refused') return this.fail(back * world.delay, `${op}: refused`);
    if (fault === 'request lost') return this.fail(wait * TIMEOUT, `${op}: no answer`);
    await world.pass(there * world.delay + slow);
    const away = world.awayUntil(part);
    if (away > world.time.now) return this.fail(Math.min(wait * TIMEOUT, 500), `${op}: the ${part} is away`);
    if (part === 'store') await world.pass(world.stalledUntil - world.time.now);
    const crossed = part === 'broker' && world.crosses(op, chance);
    if (fault === 'overtaken' || crossed) {
      if (crossed) world.note(`late: ${name}`);
      const ms = crossed ? wait * CROSSED : wait ** 3 * 5_000;
      const late = lingers ? Promise.resolve(work(true)) : world.time.sleep(ms).then(() => work(true));
      late.catch(() => {});
      return this.fail(crossed ? (back * CROSSED) / 4 : 100 + back * TIMEOUT, `${op}: no answer yet`);
    }
    let answer: T;
    try {
      answer = await work(false);
    } catch (error) {
      await this.arrived(back);
      throw error;
    }
    if (fault === 'reply lost') return this.fail(wait * TIMEOUT, `${op}: the answer was lost`);
    await this.arrived(back);
    return answer;
  }

  dice(name: string): Dice {
    return dice(streamOf(this.world.seed, `${this.name} ${name}`));
  }

  private async arrived(back: number): Promise<void> {
    await this.world.pass(back * this.world.delay);
    if (this.state !== 'running') await this.running();
  }

  private async fail(ms: number, why: string): Promise<never> {
    await this.world.pass(ms);
    await this.running();
    throw new Fault(why);
  }

  private sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const timer = this.world.time.after(ms, () => this.enter(resolve));
      signal?.addEventListener('abort', () => {
        timer.fire = null;
        resolve();
      });
    });
  }

  private over(error: Error | null): void {
    if (!this.isAlive) return;
    this.state = 'ended';
    this.error = error;
    this.world.store.gone(this);
    this.world.ended(this);
  }

  // ----------------------------------------------------------------------------------------------- what it tells

  private makeLogger(): Logger {
    const { world, name } = this;
    const say = (of: { readonly partition?: number; readonly err?: string }, text: string) => {
      if (world.trace === null) return;
      const { partition, err } = of;
      world.note(
        `${name}${partition === undefined ? '' : ` p${partition}`}: ${text}${err === undefined ? '' : `: ${err}`}`,
      );
    };
    const make = (bound: object) => {
      const at = (of: object, text: string) => say({ ...bound, ...of }, text);
      const quiet = () => {};
      const child = (more: object) => make({ ...bound, ...more });
      return { trace: quiet, debug: quiet, info: at, warn: at, error: at, fatal: at, child };
    };
    return make({}) as unknown as Logger;
  }

  private observer(): Observer {
    const { world } = this;
    return {
      committed: () => {
        world.counts.commits += 1;
      },
      published: () => {
        world.counts.transactions += 1;
      },
      misplaced: () => {},
      failed: () => {},
      rebalanced: () => {},
      takenOver: () => {
        world.counts.takeOvers += 1;
      },
    };
  }
}
