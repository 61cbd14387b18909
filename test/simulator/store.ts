import type { PartitionState } from '../../src/core/changes.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { prepare } from '../../src/memory/tables.ts';
import type { RawRecord, RecordDigest } from '../../src/ports/record.ts';
import type {
  Commit,
  HistoryQuery,
  HistoryReach,
  Lease,
  OutboxRow,
  SessionHistory,
  Store,
} from '../../src/ports/store.ts';
import type { Backend, Snapshot, StoreServer } from './store-server.ts';
import type { Process } from './surroundings.ts';

/** The store as one processor reaches it. */
export class SimStore implements Store<RawRecord> {
  private readonly server: StoreServer;
  private readonly host: Process;

  constructor(server: StoreServer, host: Process) {
    this.server = server;
    this.host = host;
  }

  async takeOver(partition: number): Promise<Lease<RawRecord>> {
    const { host, server } = this;
    const taken = await host.call('store', `p${partition} take over`, () => server.takeOver(host, partition));
    return new SimLease(server, host, partition, taken.backend, taken.snapshot);
  }

  async close(): Promise<void> {}
}

/** One connection: one request at a time, in order; of no use once one has failed. Visits are read on others. */
class SimLease implements Lease<RawRecord> {
  readonly partition: number;
  readonly epoch: number;
  readonly state: PartitionState;
  readonly started: boolean;
  readonly lastRecord: RecordDigest | null;
  readonly open: Visit[];
  readonly published: number;
  readonly outboxBytes: number;
  readonly writerSchemas: ReadonlyMap<number, string>;

  private readonly server: StoreServer;
  private readonly host: Process;
  private readonly backend: Backend;
  private commits: number;
  private nextOffset: number;
  private last: Promise<unknown> = Promise.resolve();
  private failure: Error | null = null;

  constructor(server: StoreServer, host: Process, partition: number, backend: Backend, snapshot: Snapshot) {
    this.server = server;
    this.host = host;
    this.partition = partition;
    this.backend = backend;
    this.epoch = snapshot.epoch;
    this.state = snapshot.state;
    this.started = snapshot.started;
    this.lastRecord = snapshot.lastRecord;
    this.open = snapshot.open;
    this.published = snapshot.published;
    this.outboxBytes = snapshot.outboxBytes;
    this.writerSchemas = snapshot.writerSchemas;
    this.commits = snapshot.commits;
    this.nextOffset = snapshot.state.nextOffset;
  }

  history(query: HistoryQuery): Promise<SessionHistory[]> {
    return this.aside('history', () => this.server.history(this.backend, this.epoch, query));
  }

  async *endedSessions(reach: HistoryReach): AsyncGenerator<readonly string[]> {
    yield await this.aside('ended sessions', () => this.server.endedSessions(this.backend, reach));
  }

  async commit(commit: Commit<RawRecord>): Promise<void> {
    // All of it is read now: the fold goes on while the commit is under way.
    const prepared = prepare(commit);
    const expected = { epoch: this.epoch, commits: this.commits, nextOffset: this.nextOffset };
    this.commits += 1;
    this.nextOffset = prepared.state.nextOffset;
    const { restored } = this.server;
    await this.request('commit', (late) => this.server.commit(this.backend, prepared, expected, late), true);
    if (this.server.restored === restored) this.server.answered(this.partition, prepared.state);
  }

  outbox(from: number, maxBytes: number): Promise<OutboxRow[]> {
    return this.request('outbox', () => this.server.outbox(this.backend, this.epoch, from, maxBytes));
  }

  acknowledge(published: number): Promise<void> {
    return this.request('acknowledge', () => this.server.acknowledge(this.backend, this.epoch, published));
  }

  async release(): Promise<void> {
    this.failure ??= new Error('the lease was released');
    this.server.release(this.backend);
  }

  /** Does not wait for what is under way. */
  private async aside<T>(op: string, work: () => T): Promise<T> {
    if (this.failure !== null) throw this.failure;
    return await this.host.call('store', `p${this.partition} ${op}`, work);
  }

  private request<T>(op: string, work: (late: boolean) => T | Promise<T>, lingers = false): Promise<T> {
    const result = this.last.then(() => {
      if (this.failure !== null) throw this.failure;
      return this.host.call('store', `p${this.partition} ${op}`, work, lingers);
    });
    this.last = result.catch((error: Error) => {
      this.failure ??= error;
      this.server.disconnect(this.backend);
    });
    return result;
  }
}
