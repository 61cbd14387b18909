/**
 * Processors over a log, a store and an output in memory, in virtual time, with faults that a seed decides: every call
 * to a part takes a while, may be refused, may be done and its answer lost, and may never come back.
 */
import pino, { type Logger } from 'pino';
import type { Emission } from '../../../src/core/changes.ts';
import { idleMemory } from '../../../src/core/memory/stored-summaries.ts';
import type { LogRecord } from '../../../src/core/rules/event.ts';
import type { Rules } from '../../../src/core/rules/rules.ts';
import { MemoryTopic } from '../../../src/memory/log.ts';
import { MemoryOutput } from '../../../src/memory/output.ts';
import { MemoryStore } from '../../../src/memory/store.ts';
import type { Observer } from '../../../src/ports/observer.ts';
import type { Outgoing, OutMessage, Output, OutputSession } from '../../../src/ports/output.ts';
import type { RawRecord } from '../../../src/ports/record.ts';
import type { Lease, OutboxRow, Store } from '../../../src/ports/store.ts';
import type { PartitionSettings } from '../../../src/processor/deps.ts';
import { Processor } from '../../../src/processor/processor.ts';
import { WriterSchemas } from '../../../src/processor/schemas.ts';
import { decodeOutbox, encodeOutbox } from '../../../src/wire/outbox.ts';
import { decode, type PlainEvent } from '../../reference/decode.ts';
import { VirtualClock } from './virtual-clock.ts';

export const TOPIC = 'tracks';

const SILENT: Observer = {
  committed: () => {},
  published: () => {},
  failed: () => {},
  rebalanced: () => {},
  misplaced: () => {},
  takenOver: () => {},
};

/** A generator of numbers in [0, 1) that a seed decides. */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A call to a part that does not work. */
class Fault extends Error {
  override readonly name = 'Fault';
}

/** Schema ids that records name: the registry knows the one, and not the other. What they hold is read all the same. */
const KNOWN = 1;
const UNKNOWN = 2;
const schemaIdOf = ({ offset }: RawRecord): number | null => [null, KNOWN, UNKNOWN][offset % 3]!;

/** A processor and its connections to the parts. */
export class Host {
  readonly processor: Processor;
  readonly done: Promise<void>;
  error: Error | null = null;
  private readonly abort = new AbortController();
  private readonly world: World;
  readonly log: ReturnType<MemoryTopic['reader']>;
  private alive = true;

  constructor(world: World) {
    this.world = world;
    this.log = world.topic.reader();
    const parts = { clock: world.clock, logger: world.logger, observer: SILENT };
    const reader = { schemaIdOf, add: () => {}, addUnknown: () => {}, forget: () => {} };
    this.processor = new Processor(world.settings, {
      ...parts,
      idle: idleMemory(40_000),
      commits: { maxBytes: 4_000, usedBytes: 0 },
      log: this.log,
      store: this.store(),
      output: this.output(),
      schemas: new WriterSchemas(reader, { writerSchema: async (id) => (id === KNOWN ? '"bytes"' : null) }, parts),
      decode: (_, record) => decodeRecord(record),
      prefetch: (records) => records.length,
      outgoing: () => new JsonOutgoing(),
      decodeOutbox,
      eventIdOf: (value) => JSON.parse(value.toString()).message.eventId,
    });
    this.done = this.processor.run(this.abort.signal).catch((error: Error) => {
      this.error = error;
    });
  }

  /** SIGTERM. */
  stop(): void {
    this.abort.abort();
  }

  /** SIGKILL: nothing that it waits for ever comes, and the group finds out. */
  kill(): void {
    this.alive = false;
    void this.log.stop();
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** One call to a part, with all that may go wrong with it. To a dead process no answer ever comes. */
  private async call<T>(work: () => Promise<T>): Promise<T> {
    await this.world.delay();
    if (!this.alive) await never();
    if (this.world.faulty()) throw new Fault('refused');
    const result = await work();
    await this.world.delay();
    if (!this.alive) await never();
    if (this.world.faulty()) throw new Fault('the answer was lost');
    return result;
  }

  private store(): Store<RawRecord> {
    return {
      takeOver: async (partition) => {
        const lease = await this.call(() => this.world.store.takeOver(partition));
        return this.lease(lease);
      },
      close: async () => {},
    };
  }

  private lease(lease: Lease<RawRecord>): Lease<RawRecord> {
    // A connection takes one request at a time, and is of no use once one has failed.
    let last: Promise<unknown> = Promise.resolve();
    let broken: Error | null = null;
    const queued = <T>(work: () => Promise<T>): Promise<T> => {
      const result = last.then(() => {
        if (broken !== null) throw broken;
        return this.call(work);
      });
      last = result.catch((error: Error) => {
        broken = error;
      });
      return result;
    };
    return {
      partition: lease.partition,
      epoch: lease.epoch,
      state: lease.state,
      started: lease.started,
      lastRecord: lease.lastRecord,
      open: lease.open,
      published: lease.published,
      outboxBytes: lease.outboxBytes,
      writerSchemas: lease.writerSchemas,
      // Visits are read on other connections.
      history: (query) => (broken === null ? this.call(() => lease.history(query)) : Promise.reject(broken)),
      endedSessions: (reach) => lease.endedSessions(reach),
      commit: (commit) => {
        // Reads all of it now, and writes when the call gets through.
        const { promise, resolve } = Promise.withResolvers<void>();
        this.world.nextCommit = promise;
        const written = lease.commit(commit);
        written.catch(() => {});
        return queued(() => {
          resolve();
          return written;
        });
      },
      outbox: (from, maxBytes) => queued(() => lease.outbox(from, maxBytes)),
      acknowledge: (published) => queued(() => lease.acknowledge(published)),
      release: () => lease.release(),
    };
  }

  private output(): Output {
    return {
      open: async (partition) => {
        const session = await this.call(() => this.world.output.open(partition));
        return this.session(session);
      },
      close: async () => {},
    };
  }

  private session(session: OutputSession): OutputSession {
    return {
      position: () => this.call(() => session.position()),
      send: (messages, next) => this.call(() => session.send(messages, next)),
      renew: (next) => this.call(() => session.renew(next)),
      readBack: (from) => this.call(() => session.readBack(from)),
      close: () => session.close(),
    };
  }
}

export interface Faults {
  /** Share of calls that fail, each in two ways: refused, or done with the answer lost. */
  readonly share: number;
  /** Longest that a call takes, ms. */
  readonly delay: number;
}

export class World {
  readonly clock: VirtualClock;
  readonly topic: MemoryTopic;
  readonly store: MemoryStore<RawRecord>;
  readonly output = new MemoryOutput();
  readonly settings: PartitionSettings;
  readonly hosts: Host[] = [];
  readonly random: () => number;
  /** Resolves when the commit that is being prepared has got through to the store. */
  nextCommit: Promise<void> = Promise.resolve();
  private faults: Faults = { share: 0, delay: 0 };

  readonly logger: Logger;

  /** @param log takes each line of the processors' log; unless given there is none. */
  constructor(
    rules: Rules,
    partitions: number,
    seed: number,
    settings: Partial<PartitionSettings> = {},
    log?: (line: string) => void,
  ) {
    this.logger = log === undefined ? pino({ level: 'silent' }) : pino({ level: 'info' }, { write: log });
    this.random = random(seed);
    this.clock = new VirtualClock(Date.UTC(2026, 0, 2));
    this.topic = new MemoryTopic(partitions);
    this.store = new MemoryStore<RawRecord>({
      reach: (point) => (point === 'commit' ? this.nextCommit : undefined),
    });
    this.settings = {
      topic: TOPIC,
      rules,
      commitInterval: 500,
      commitMaxBytes: 2_000,
      outboxMaxBytes: 4_000,
      clockMargin: null,
      start: 'earliest',
      ...settings,
    };
  }

  begin(): Host {
    const host = new Host(this);
    this.hosts.push(host);
    return host;
  }

  suffer(faults: Faults): void {
    this.faults = faults;
  }

  append(partition: number, timestamp: number, events: readonly (PlainEvent | null)[], stamped = true): number {
    return this.topic.append(partition, { key: null, value: Buffer.from(JSON.stringify(events)), timestamp, stamped });
  }

  async delay(): Promise<void> {
    if (this.faults.delay > 0) await this.clock.sleep(Math.floor(this.random() * this.faults.delay));
  }

  faulty(): boolean {
    return this.faults.share > 0 && this.random() < this.faults.share;
  }

  /** Whether all that was appended is folded, committed and published. */
  get isQuiet(): boolean {
    for (let partition = 0; partition < this.topic.size; partition++) {
      const state = this.store.state(partition);
      if ((state?.nextOffset ?? 0) < this.topic.records(partition).length) return false;
      if ((state?.sequence ?? 0) > this.output.messages(partition).length) return false;
    }
    return true;
  }

  /** Lets time pass until a condition holds. @throws if it does not within `ms` of virtual time. */
  async until(condition: () => boolean, what: string, ms = 120_000): Promise<void> {
    const end = this.clock.now() + ms;
    while (!condition()) {
      if (this.clock.now() >= end) {
        const reports = this.hosts.flatMap((host) => (host.isAlive ? host.processor.reports() : []));
        const errors = this.hosts.map((host) => host.error?.message ?? null);
        throw new Error(`not within ${ms} ms: ${what}\n${JSON.stringify({ reports, errors })}`);
      }
      await this.clock.pass(50);
    }
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function decodeRecord(record: RawRecord): LogRecord<RawRecord> {
  const events = JSON.parse(record.value!.toString()) as (PlainEvent | null)[];
  const { offset, timestamp, stamped } = record;
  return { offset, timestamp, stamped, entries: events.map((event) => decode(event, timestamp)), raw: record };
}

/** An emission without what differs between the reference and a run: the record itself, and the words of an error. */
export function plainEmission(emission: object): object {
  const { raw: _, error: __, ...rest } = emission as { raw?: unknown; error?: unknown };
  return rest;
}

/** Messages as JSON. */
class JsonOutgoing implements Outgoing {
  private messages: OutMessage[] = [];

  add(emission: Emission<RawRecord>): void {
    const value = Buffer.from(JSON.stringify(plainEmission(emission)));
    this.messages.push({ topic: emission.kind, sequence: emission.sequence, key: null, value, headers: [] });
  }

  take(): OutboxRow | null {
    const { messages } = this;
    if (messages.length === 0) return null;
    this.messages = [];
    const first = messages[0]!.sequence;
    return { first, next: first + messages.length, payload: encodeOutbox(messages) };
  }
}
