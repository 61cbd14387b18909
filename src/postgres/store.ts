import { hostname } from 'node:os';
import type { Lease, Store } from '../processor/ports.ts';
import { Blocks } from './blocks.ts';
import { connect, type DatabaseOptions } from './connect.ts';
import { PostgresLease } from './lease.ts';
import { assertSchemaVersion } from './migrate.ts';
import { Ranges } from './ranges.ts';
import { assertServer } from './server.ts';
import { Session } from './session.ts';
import { Slots } from './slots.ts';
import { takeOver } from './take-over.ts';

export interface StoreOptions extends DatabaseOptions {
  /** Who owns a partition, for people who look: `host:pid` unless given. */
  readonly owner?: string;
  /** How many partitions write, or are loaded, at once: `database.pool_size`. */
  readonly poolSize?: number;
}

/** Visits, profiles and partitions in one schema of a Postgres database that `tidemark setup` has prepared. */
export class PostgresStore<Raw> implements Store<Raw> {
  readonly #options: StoreOptions;
  readonly #owner: string;
  readonly #shared: { readonly ranges: Ranges; readonly blocks: Blocks; readonly slots: Slots };
  readonly #leases = new Set<PostgresLease<Raw>>();
  #closed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#shared = { ranges: new Ranges(), blocks: new Blocks(), slots: new Slots(options.poolSize ?? 4) };
    this.#owner = options.owner ?? `${hostname()}:${process.pid}`;
  }

  /** @throws DatabaseUnreachable; any other error says what is wrong with the database */
  async takeOver(partition: number): Promise<Lease<Raw>> {
    const client = await connect(this.#options, `tidemark partition ${partition}`);
    const session = new Session(client);
    try {
      await assertServer(client);
      await assertSchemaVersion(client, this.#options.schema);
      await client.query(PREPARE_CONNECTION);
      const holding = await this.#shared.slots.run(() => takeOver(session, partition, this.#owner));
      if (this.#closed) throw new Error('the store was closed while a partition was being taken over');
      const lease: PostgresLease<Raw> = new PostgresLease(partition, holding, session, this.#shared, () => {
        this.#leases.delete(lease);
      });
      this.#leases.add(lease);
      return lease;
    } catch (error) {
      await session.end(RELEASE_MS);
      throw error;
    }
  }

  /** Releases every lease. Resolves within a second or two. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#leases].map((lease) => lease.release()));
  }
}

const RELEASE_MS = 1_000;

/**
 * Staging tables, once a connection; and the session's own rules.
 *
 * All that a lease asks is a look-up by key, and must stay one while tables grow from nothing. So statements are planned
 * for what the tables hold now, each time (a plan that was made for an empty month would read a full one from end to
 * end for every row), and scans and joins of whole tables are off where there is another way. The timeouts end what
 * cannot go on for a reason on the server's side; none of them ends a processor that stopped (see owner.ts).
 */
const PREPARE_CONNECTION = `
  SET plan_cache_mode TO force_custom_plan; SET enable_seqscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET jit TO off;
  SET statement_timeout TO '120s'; SET lock_timeout TO '20s'; SET idle_in_transaction_session_timeout TO '60s';
  SET tcp_keepalives_idle TO 20; SET tcp_keepalives_interval TO 5; SET tcp_keepalives_count TO 4;
  CREATE TEMPORARY TABLE staged_visit (LIKE open_visit INCLUDING DEFAULTS) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_profile (LIKE profile_part) ON COMMIT DELETE ROWS;
  CREATE TEMPORARY TABLE staged_trait (LIKE profile_trait) ON COMMIT DELETE ROWS;
`;
