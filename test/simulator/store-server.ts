/**
 * The store as a server with connections. A commit streams its rows while the client goes on, then lands by itself; it
 * holds the partition's row from its first statement to its end. A take-over ends the owner's connection, waits for the
 * row, raises the epoch and reads.
 */
import type { PartitionState } from '../../src/core/changes.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { PartitionTables, type PreparedCommit } from '../../src/memory/tables.ts';
import { profilesOf, revisionsOf, visitEventsOf, visitsOf } from '../../src/memory/views.ts';
import { visitOf } from '../../src/memory/visit-row.ts';
import type { RecordDigest } from '../../src/ports/record.ts';
import {
  Fenced,
  type HistoryQuery,
  type HistoryReach,
  type OutboxRow,
  type SessionHistory,
} from '../../src/ports/store.ts';
import { type Dice, dice, streamOf } from './dice.ts';
import type { Process, StoreSurroundings } from './surroundings.ts';

/** Longest that a statement waits for a row, ms. */
const LOCK_TIMEOUT = 20_000;

/** A connection, as the server has it. */
export interface Backend {
  readonly host: Process;
  readonly partition: number;
  alive: boolean;
  transaction: Transaction | null;
}

/** The whole database, as it was once. */
export interface Backup {
  readonly partitions: readonly PartitionTables[];
  readonly writerSchemas: ReadonlyMap<number, string>;
}

interface Transaction {
  landing: boolean;
  /** Set where it is ended before its time; null: it is not. */
  ended: 'rolled back' | 'written' | null;
  readonly write: () => void;
}

interface Expected {
  readonly epoch: number;
  readonly commits: number;
  readonly nextOffset: number;
}

interface Partition {
  tables: PartitionTables;
  owner: Backend | null;
  /** Whose transaction holds the partition's row. */
  holder: Transaction | null;
  waiting: (() => void)[];
  /** The answer that a processor got is in the store. */
  answered: { nextOffset: number; sequence: number };
}

export class StoreServer {
  private readonly world: StoreSurroundings;
  private readonly draw: Dice;
  private readonly partitions: Partition[];
  /** Of all partitions: the first that writes one has it written. */
  private writerSchemas = new Map<number, string>();
  private backends: Backend[] = [];
  /** How often the database was set back: what was answered before is not in it. */
  restored = 0;

  constructor(world: StoreSurroundings, partitions: number) {
    this.world = world;
    this.draw = dice(streamOf(world.seed, 'store'));
    this.partitions = Array.from({ length: partitions }, () => ({
      tables: new PartitionTables(),
      owner: null,
      holder: null,
      waiting: [],
      answered: { nextOffset: 0, sequence: 0 },
    }));
  }

  // --------------------------------------------------------------------------------------------------- what is read

  tables(partition: number): PartitionTables {
    return this.partitions[partition]!.tables;
  }

  /** The views over one partition. */
  view(partition: number) {
    const tables = new Map([[partition, this.tables(partition)]]);
    return {
      visits: () => visitsOf(tables),
      profiles: () => profilesOf(tables),
      visitEvents: (id: string) => visitEventsOf(tables, id),
      revisions: () => revisionsOf(tables),
    };
  }

  // --------------------------------------------------------------------------------------------- what befalls clients

  /** The process is gone: its connections close. */
  gone(host: Process): void {
    for (const backend of this.backends) if (backend.host === host) this.disconnect(backend);
    this.backends = this.backends.filter((backend) => backend.alive || backend.transaction !== null);
  }

  /** All connections end at once; what was landing has landed or has not. */
  restart(): void {
    for (const backend of this.backends) this.terminate(backend);
    this.backends = [];
  }

  backup(): Backup {
    const partitions = this.partitions.map(({ tables }) => tables.copy());
    return { partitions, writerSchemas: new Map(this.writerSchemas) };
  }

  restore(backup: Backup): void {
    this.restart();
    this.restored += 1;
    this.writerSchemas = new Map(backup.writerSchemas);
    for (const [p, tables] of backup.partitions.entries()) {
      const partition = this.partitions[p]!;
      partition.tables = tables.copy();
      partition.owner = null;
      partition.answered = { nextOffset: 0, sequence: 0 };
    }
  }

  /** A processor has heard that its commit is in, which had written this state. */
  answered(partition: number, state: PartitionState): void {
    const { answered } = this.partitions[partition]!;
    answered.nextOffset = Math.max(answered.nextOffset, state.nextOffset);
    answered.sequence = Math.max(answered.sequence, state.sequence);
    this.check(partition);
  }

  check(partition: number): void {
    const { tables, answered } = this.partitions[partition]!;
    const { nextOffset, sequence } = tables.state;
    if (nextOffset >= answered.nextOffset && sequence >= answered.sequence) return;
    this.world.broken(
      `partition ${partition}: an acknowledged commit is undone: the store has offset ${nextOffset} and sequence ` +
        `${sequence}, and said ${answered.nextOffset} and ${answered.sequence}`,
    );
  }

  // ---------------------------------------------------------------------------------------------- what clients ask

  async takeOver(host: Process, number: number): Promise<{ backend: Backend; snapshot: Snapshot }> {
    const partition = this.partitions[number]!;
    const backend: Backend = { host, partition: number, alive: true, transaction: null };
    this.backends = this.backends.filter((other) => other.alive || other.transaction !== null);
    this.backends.push(backend);
    const { weakness } = this.world;
    if (weakness !== 'late commits') {
      const unseen = this.world.hidesOwners;
      const owner = partition.owner;
      if (owner?.alive && !unseen && weakness !== 'no terminate') this.terminate(owner);
      if (owner?.alive && unseen) {
        this.world.count('owner unseen');
        this.world.note(`FAULT owner unseen: p${number}`);
      }
      // A connection that its client left may still be landing something.
      if (owner !== null && !owner.alive && owner.transaction !== null && !unseen && weakness !== 'no terminate') {
        this.terminate(owner);
      }
      await this.row(partition, backend);
    }
    if (!backend.alive) throw new Error('the connection ended');
    const { tables } = partition;
    tables.epoch += 1;
    partition.owner = backend;
    this.check(number);
    this.world.note(
      `store: epoch ${tables.epoch} of p${number} is ${host.name}'s, from offset ${tables.state.nextOffset}`,
    );
    return { backend, snapshot: snapshotOf(tables, this.writerSchemas) };
  }

  async commit(backend: Backend, prepared: PreparedCommit, expected: Expected, late: boolean): Promise<void> {
    const partition = this.partitions[backend.partition]!;
    const { world } = this;
    const [streaming, landing] = [this.draw(), this.draw()];
    this.mustLive(backend);
    await this.row(partition, backend);
    this.mustLive(backend);
    this.fence(backend.partition, expected);
    const transaction: Transaction = {
      landing: false,
      ended: null,
      write: () => {
        // Rows that contradict a commit refuse most of what the fence should have: that is not what is to be shown.
        if (world.weakness !== 'no fence' && world.weakness !== 'late commits') partition.tables.check(prepared);
        partition.tables.write(prepared);
        for (const { id, schema } of prepared.writerSchemas) {
          if (!this.writerSchemas.has(id)) this.writerSchemas.set(id, schema);
        }
        this.check(backend.partition);
        const { nextOffset, sequence } = prepared.state;
        world.note(`store: p${backend.partition} is committed up to offset ${nextOffset}, message ${sequence}`);
      },
    };
    backend.transaction = transaction;
    if (world.weakness !== 'late commits') partition.holder = transaction;
    try {
      await world.pass(streaming * world.delay);
      // Rows come from the client: one that is stopped keeps the transaction open.
      if (!backend.host.isRunning) await backend.host.running();
      if (transaction.ended !== null) throw new Error('the connection ended in the middle of a commit');
      transaction.landing = true;
      await world.pass(landing * (late ? 8_000 : world.delay));
      const { ended } = transaction as Transaction;
      if (ended === 'rolled back') throw new Error('the connection ended while the commit landed');
      if (ended === null && !this.lands(transaction)) throw new Error('the rows are not what was folded');
    } finally {
      this.end(backend, transaction);
    }
  }

  acknowledge(backend: Backend, epoch: number, published: number): void {
    this.mustOwn(backend, epoch);
    this.tables(backend.partition).acknowledge(published);
  }

  history(backend: Backend, epoch: number, query: HistoryQuery): SessionHistory[] {
    this.mustOwn(backend, epoch);
    return this.tables(backend.partition).history(query);
  }

  endedSessions(backend: Backend, reach: HistoryReach): string[] {
    return this.tables(backend.partition).endedSessions(reach);
  }

  outbox(backend: Backend, epoch: number, from: number, maxBytes: number): OutboxRow[] {
    this.mustOwn(backend, epoch);
    const rows: OutboxRow[] = [];
    let bytes = 0;
    for (const row of this.tables(backend.partition).outbox) {
      if (row.next <= from) continue;
      if (rows.length > 0 && bytes + row.payload.length > maxBytes) break;
      rows.push(row);
      bytes += row.payload.length;
    }
    return rows;
  }

  release(backend: Backend): void {
    const partition = this.partitions[backend.partition]!;
    if (backend.alive && backend.transaction === null && partition.owner === backend) partition.owner = null;
    this.disconnect(backend);
  }

  /** The client is gone. What has arrived in full lands all the same. */
  disconnect(backend: Backend): void {
    backend.alive = false;
    const { transaction } = backend;
    if (transaction === null || transaction.landing || transaction.ended !== null) return;
    transaction.ended = 'rolled back';
    this.end(backend, transaction);
  }

  /** As pg_terminate_backend does: once it is gone, nothing of it is still to come. */
  private terminate(backend: Backend): void {
    backend.alive = false;
    const { transaction } = backend;
    if (transaction === null || transaction.ended !== null) return;
    if (transaction.landing && this.draw() < 0.5 && this.lands(transaction)) {
      transaction.ended = 'written';
    } else {
      transaction.ended = 'rolled back';
      this.world.note(`store: a commit of ${backend.host.name} to p${backend.partition} is rolled back`);
    }
    this.end(backend, transaction);
  }

  /** @returns false if the rows refuse it. */
  private lands({ write }: Transaction): boolean {
    try {
      write();
      return true;
    } catch (error) {
      this.refused(error);
      return false;
    }
  }

  /** Where no part is weakened, no commit that passes the fence contradicts the rows. */
  private refused(error: unknown): void {
    if (this.world.weakness === null) this.world.broken(`a commit contradicts the rows: ${(error as Error).message}`);
  }

  private end(backend: Backend, transaction: Transaction): void {
    const partition = this.partitions[backend.partition]!;
    if (backend.transaction === transaction) backend.transaction = null;
    if (partition.holder !== transaction) return;
    partition.holder = null;
    const { waiting } = partition;
    partition.waiting = [];
    for (const go of waiting) go();
  }

  /** Waits until no transaction holds the row. */
  private async row(partition: Partition, backend: Backend): Promise<void> {
    const { time } = this.world;
    const until = time.now + LOCK_TIMEOUT;
    while (partition.holder !== null && backend.alive) {
      if (time.now >= until) throw new Error('the row was held for too long');
      await new Promise<void>((resolve) => {
        partition.waiting.push(resolve);
        time.after(until - time.now, resolve);
      });
    }
  }

  private fence(number: number, { epoch, commits, nextOffset }: Expected): void {
    if (this.world.weakness === 'no fence') return;
    const { tables } = this.partitions[number]!;
    if (tables.epoch !== epoch || tables.commits !== commits || tables.state.nextOffset !== nextOffset) {
      throw new Fenced(`partition ${number} is not as epoch ${epoch} left it`);
    }
  }

  private mustOwn(backend: Backend, epoch: number): void {
    this.mustLive(backend);
    if (this.world.weakness === 'no fence') return;
    if (this.tables(backend.partition).epoch !== epoch) throw new Fenced(`epoch ${epoch} has passed`);
  }

  private mustLive(backend: Backend): void {
    if (!backend.alive) throw new Error('the connection ended');
  }
}

/** What a take-over reads. */
export interface Snapshot {
  readonly epoch: number;
  readonly commits: number;
  readonly state: PartitionState;
  readonly started: boolean;
  readonly lastRecord: RecordDigest | null;
  readonly open: Visit[];
  readonly published: number;
  readonly outboxBytes: number;
  readonly writerSchemas: ReadonlyMap<number, string>;
}

function snapshotOf(tables: PartitionTables, writerSchemas: ReadonlyMap<number, string>): Snapshot {
  return {
    epoch: tables.epoch,
    commits: tables.commits,
    state: { ...tables.state, counts: { ...tables.state.counts } },
    started: tables.commits > 0,
    lastRecord: tables.lastRecord,
    open: [...tables.open.values()].map((row) => visitOf(row, null)),
    published: tables.published,
    outboxBytes: tables.outbox.reduce((bytes, row) => bytes + row.payload.length, 0),
    writerSchemas: new Map(writerSchemas),
  };
}
