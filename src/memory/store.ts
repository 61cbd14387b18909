/**
 * The store in memory: the same promises as the one in Postgres, for tests that control time and crashes and for a
 * demo without real parts.
 *
 * Invariant: nothing that the store holds is shared with the fold. What a commit says is copied before `commit`
 * returns, and every read makes new objects; a fold that changed a visit without committing it would otherwise be
 * right here and wrong in Postgres.
 */
import type { PartitionState } from '../core/changes.ts';
import type { Visit } from '../core/memory/visit.ts';
import type { Revision } from '../core/rules/visit-ended.ts';
import type { RecordDigest } from '../ports/record.ts';
import {
  type Commit,
  Fenced,
  type HistoryQuery,
  type HistoryReach,
  type Lease,
  type OutboxRow,
  type SessionHistory,
  type Store,
} from '../ports/store.ts';
import { PartitionTables, prepare } from './tables.ts';
import {
  type ProfileView,
  profilesOf,
  revisionsOf,
  type SessionView,
  sessionsOf,
  type VisitEventView,
  type VisitView,
  visitEventsOf,
  visitsOf,
} from './views.ts';
import { visitOf } from './visit-row.ts';

/** Places at which a test may make the store wait, or fail. */
export type StorePoint = 'take-over' | 'history' | 'commit' | 'committed' | 'outbox' | 'acknowledge';

export interface MemoryStoreOptions {
  /**
   * Awaited at each point. What it throws is thrown by the operation: at `commit` nothing was written, at `committed`
   * everything was, and the caller cannot tell which.
   */
  readonly reach?: (point: StorePoint, partition: number) => Promise<void> | void;
}

export class MemoryStore<Raw> implements Store<Raw> {
  private readonly partitions = new Map<number, PartitionTables>();
  private readonly writerSchemas = new Map<number, string>();
  private readonly reach: MemoryStoreOptions['reach'];

  constructor(options: MemoryStoreOptions = {}) {
    this.reach = options.reach;
  }

  async takeOver(partition: number): Promise<Lease<Raw>> {
    await this.reach?.('take-over', partition);
    let tables = this.partitions.get(partition);
    if (tables === undefined) {
      tables = new PartitionTables();
      this.partitions.set(partition, tables);
    }
    tables.epoch += 1;
    return new MemoryLease<Raw>(partition, tables, this.writerSchemas, this.reach);
  }

  async close(): Promise<void> {}

  visits(): VisitView[] {
    return visitsOf(this.partitions);
  }

  sessions(): SessionView[] {
    return sessionsOf(this.partitions);
  }

  profiles(): ProfileView[] {
    return profilesOf(this.partitions);
  }

  visitEvents(visitId: string): VisitEventView[] {
    return visitEventsOf(this.partitions, visitId);
  }

  revisions(): Revision[] {
    return revisionsOf(this.partitions);
  }

  /** Rows not yet acknowledged. */
  outboxRows(partition: number): OutboxRow[] {
    return (this.partitions.get(partition)?.outbox ?? []).map(copyOf);
  }

  /** null: the partition was never taken over. */
  state(partition: number): PartitionState | null {
    const tables = this.partitions.get(partition);
    return tables === undefined ? null : structuredClone(tables.state);
  }
}

class MemoryLease<Raw> implements Lease<Raw> {
  readonly partition: number;
  readonly epoch: number;
  readonly state: PartitionState;
  readonly started: boolean;
  readonly lastRecord: RecordDigest | null;
  readonly open: Visit[];
  readonly published: number;
  readonly outboxBytes: number;
  readonly writerSchemas: ReadonlyMap<number, string>;

  private readonly tables: PartitionTables;
  private readonly sharedSchemas: Map<number, string>;
  private readonly reach: MemoryStoreOptions['reach'];
  private expectedCommits: number;
  private expectedOffset: number;
  private released = false;

  constructor(
    partition: number,
    tables: PartitionTables,
    sharedSchemas: Map<number, string>,
    reach: MemoryStoreOptions['reach'],
  ) {
    this.partition = partition;
    this.tables = tables;
    this.sharedSchemas = sharedSchemas;
    this.reach = reach;
    this.epoch = tables.epoch;
    this.state = structuredClone(tables.state);
    this.started = tables.commits > 0;
    this.lastRecord = tables.lastRecord && { ...tables.lastRecord };
    this.open = [...tables.open.values()].map((row) => visitOf(row, null));
    this.published = tables.published;
    this.outboxBytes = tables.outbox.reduce((bytes, row) => bytes + row.payload.length, 0);
    this.writerSchemas = new Map(sharedSchemas);
    this.expectedCommits = tables.commits;
    this.expectedOffset = tables.state.nextOffset;
  }

  async *endedSessions(reach: HistoryReach): AsyncGenerator<readonly string[]> {
    await this.reach?.('history', this.partition);
    yield this.tables.endedSessions(reach);
  }

  async history(query: HistoryQuery): Promise<SessionHistory[]> {
    await this.reach?.('history', this.partition);
    this.checkHeld();
    return this.tables.history(query);
  }

  async commit(commit: Commit<Raw>): Promise<void> {
    // All before the first await: the fold goes on while the commit is under way. What the next commit expects is set
    // here too, so that after one that failed none goes through.
    const prepared = prepare(commit);
    const expected = { commits: this.expectedCommits, nextOffset: this.expectedOffset };
    this.expectedCommits += 1;
    this.expectedOffset = prepared.state.nextOffset;
    await this.reach?.('commit', this.partition);
    const { tables } = this;
    this.checkHeld();
    if (tables.commits !== expected.commits || tables.state.nextOffset !== expected.nextOffset) {
      throw new Fenced(`partition ${this.partition} is not as epoch ${this.epoch} left it: take over again`);
    }
    tables.check(prepared);
    tables.write(prepared);
    for (const { id, schema } of prepared.writerSchemas) {
      if (!this.sharedSchemas.has(id)) this.sharedSchemas.set(id, schema);
    }
    await this.reach?.('committed', this.partition);
  }

  async outbox(from: number, maxBytes: number): Promise<OutboxRow[]> {
    await this.reach?.('outbox', this.partition);
    const rows: OutboxRow[] = [];
    let bytes = 0;
    for (const row of this.tables.outbox) {
      if (row.next <= from) continue;
      if (rows.length > 0 && bytes + row.payload.length > maxBytes) break;
      rows.push(copyOf(row));
      bytes += row.payload.length;
    }
    return rows;
  }

  async acknowledge(published: number): Promise<void> {
    await this.reach?.('acknowledge', this.partition);
    this.checkHeld();
    this.tables.acknowledge(published);
  }

  async release(): Promise<void> {
    this.released = true;
  }

  private checkHeld(): void {
    if (this.released) throw new Error(`partition ${this.partition} was released: take over again`);
    if (this.tables.epoch !== this.epoch) {
      throw new Fenced(`partition ${this.partition} is owned by epoch ${this.tables.epoch}, this is ${this.epoch}`);
    }
  }
}

function copyOf(row: OutboxRow): OutboxRow {
  return { ...row, payload: Buffer.from(row.payload) };
}
