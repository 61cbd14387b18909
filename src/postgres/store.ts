import { PROCESS_NAME } from '../ports/process-name.ts';
import type { Lease, Store } from '../ports/store.ts';
import { Blocks } from './blocks.ts';
import { connect, type DatabaseOptions } from './connect.ts';
import { READ_PAGES_ONLY } from './ended-sessions.ts';
import { PostgresLease, type StoreDeps } from './lease.ts';
import { assertSchemaVersion } from './migrate.ts';
import { Pipeline } from './pipeline.ts';
import { Ranges, STORAGE } from './ranges.ts';
import { Readers } from './readers.ts';
import { assertRights } from './rights.ts';
import { assertServer } from './server.ts';
import { Slots } from './slots.ts';
import { takeOver } from './take-over.ts';

export interface StoreOptions extends DatabaseOptions {
  /** Name of the owner of its partitions, shown to people and to the owner after it: this process unless given. */
  readonly owner?: string;
  /** Number of partitions that write, or are loaded, at once: `database.pool_size`. */
  readonly poolSize?: number;
  /** ms that Postgres may be silent while an answer is awaited: `database.answer_timeout`, 30 s unless given. */
  readonly answerTimeout?: number;
}

/** Visits, profiles and partitions in one schema of a Postgres database that `tidemark setup` has prepared. */
export class PostgresStore<Raw> implements Store<Raw> {
  readonly #options: StoreOptions;
  readonly #owner: string;
  readonly #deps: StoreDeps;
  readonly #leases = new Set<PostgresLease<Raw>>();
  #closed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    const { poolSize = 4 } = options;
    this.#deps = {
      ranges: new Ranges(),
      blocks: new Blocks(),
      slots: new Slots(poolSize),
      readers: new Readers(() => this.#openReader('tidemark look-ups', LOOK_UP), poolSize),
      openStream: () => this.#openReader('tidemark filter', READ_PAGES_ONLY),
    };
    this.#owner = options.owner ?? PROCESS_NAME;
  }

  /** @throws DatabaseUnreachable; any other error names what is wrong with the database */
  async takeOver(partition: number): Promise<Lease<Raw>> {
    const client = await connect(this.#options, `tidemark partition ${partition}`, this.#silence);
    const pipeline = new Pipeline(client);
    try {
      await assertServer(client);
      await assertRights(client, this.#options.schema, 'run');
      await assertSchemaVersion(client, this.#options.schema);
      await client.query(PREPARE_CONNECTION);
      const holding = await this.#deps.slots.run(() => takeOver(pipeline, partition, this.#owner));
      if (this.#closed) throw new Error('the store was closed while a partition was being taken over');
      const lease: PostgresLease<Raw> = new PostgresLease(partition, holding, pipeline, this.#deps, () => {
        this.#leases.delete(lease);
      });
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      await pipeline.end(RELEASE_MS);
      throw error;
    }
  }

  /** Releases every lease. Resolves within a second or two. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#deps.readers.close(), ...[...this.#leases].map((lease) => lease.release())]);
  }

  get #silence(): number {
    return this.#options.answerTimeout ?? 30_000;
  }

  async #openReader(role: string, prepare: string): Promise<Pipeline> {
    const client = await connect(this.#options, role, this.#silence);
    const pipeline = new Pipeline(client);
    try {
      await client.query(`${TIMEOUTS} ${prepare}`);
      return pipeline;
    } catch (error) {
      await pipeline.end(0);
      throw error;
    }
  }
}

const RELEASE_MS = 1_000;

/** Timeouts end what the server cannot go on with; none of them ends a processor that stopped (owner.ts). */
const TIMEOUTS = `
  SET statement_timeout TO '120s'; SET lock_timeout TO '20s'; SET idle_in_transaction_session_timeout TO '60s';
  SET tcp_keepalives_idle TO 20; SET tcp_keepalives_interval TO 5; SET tcp_keepalives_count TO 4;`;

/**
 * Each query of a lease is a look-up by key, and must stay one while tables grow from nothing. So each statement is
 * planned anew for what the tables hold now: a plan that was made for an empty month would read a full one from end to
 * end for every row. Plans that read many rows to find one are off where there is another: scans and joins of whole
 * tables, and bitmaps, which would be built from most of an index.
 */
export const LOOK_UP = `
  SET plan_cache_mode TO force_custom_plan; SET enable_seqscan TO off; SET enable_bitmapscan TO off;
  SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET jit TO off;`;

/** Creates the staging tables, and sets the limits and the planner of the connection. */
const PREPARE_CONNECTION = `${TIMEOUTS} ${LOOK_UP}
  CREATE TEMPORARY TABLE staged_visit (LIKE ended_visit INCLUDING DEFAULTS) WITH (${STORAGE}) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_profile (LIKE profile_part) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_trait (LIKE profile_trait) ON COMMIT DELETE ROWS;
`;
