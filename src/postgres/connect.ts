import pg from 'pg';
import { DatabaseUnreachable, open } from './open.ts';
import { pooledClient } from './pooled.ts';
import { setSession } from './session-settings.ts';
import type { DatabaseAddress } from './target.ts';

export { type DatabaseAddress, DatabaseUnreachable };

export interface DatabaseOptions extends DatabaseAddress {
  /** The schema that holds all tables of tidemark. */
  readonly schema: string;
}

/**
 * A connection on which unqualified names mean those of `schema`. search_path is set after connecting, not as a
 * startup option, which connection poolers refuse.
 *
 * Not for a pooler that shares a connection between transactions: prepared statements, temporary tables, search_path
 * and the backend's pid belong to the session.
 *
 * @param silence ms that Postgres may be silent while an answer is awaited; null: for ever
 * @throws DatabaseUnreachable
 */
export async function connect(
  options: DatabaseOptions,
  name = 'tidemark',
  silence: number | null = null,
): Promise<pg.Client> {
  const client = await open(options, { name, silence });
  try {
    await setSession(client, options.schema);
  } catch (error) {
    await client.end();
    throw error;
  }
  return client;
}

/** The same without a schema. @throws DatabaseUnreachable */
export async function connectPlain(address: DatabaseAddress, name = 'tidemark', database?: string): Promise<pg.Client> {
  return await open(address, { name, ...(database === undefined ? {} : { database }) });
}

/**
 * For commands and the console: short queries, a few connections that close when idle.
 * @param timeout ms after which the server ends a statement, and the client a second later where no answer comes;
 *   null: none
 */
export function createPool(options: DatabaseOptions, max = 4, timeout: number | null = null): pg.Pool {
  const pool = new pg.Pool({
    Client: pooledClient(options, {
      name: 'tidemark',
      ...(timeout === null ? {} : { queryTimeout: timeout + 1_000 }),
    }),
    max,
    idleTimeoutMillis: 10_000,
    onConnect: async (client: pg.ClientBase) => {
      await setSession(client, options.schema);
      if (timeout !== null) await client.query(`SET statement_timeout TO ${Math.round(timeout)}`);
    },
  } as pg.PoolConfig);
  // Errors of idle connections are ignored; the query that gets a dead one fails by itself.
  pool.on('error', () => {});
  return pool;
}
