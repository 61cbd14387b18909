import pg from 'pg';
import { assertSchemaName } from './schema-name.ts';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database`; TLS and other options as the query part of it. */
  readonly url: string;
  /** Schema that holds all that is ours. */
  readonly schema: string;
}

/** Postgres cannot be had now, for the reason given; what was asked may be tried again later. */
export class DatabaseUnreachable extends Error {
  override readonly name = 'DatabaseUnreachable';
}

/**
 * A connection on which unqualified names mean those of `schema`. search_path is set after connecting, not as a
 * startup option, which connection poolers refuse.
 *
 * Not for a pooler that shares a connection between transactions: prepared statements, temporary tables, search_path
 * and the backend's pid belong to the session.
 *
 * @throws DatabaseUnreachable
 */
export async function connect(options: DatabaseOptions, role = 'tidemark'): Promise<pg.Client> {
  const client = await connectPlain(options.url, role);
  try {
    await prepareConnection(client, options.schema);
  } catch (error) {
    await client.end();
    throw error;
  }
  return client;
}

/** The same without a schema. @throws DatabaseUnreachable */
export async function connectPlain(url: string, role = 'tidemark'): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(url, role));
  // An error between two queries is seen by the next one; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new DatabaseUnreachable(`${describe(client)} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
  return client;
}

/**
 * For commands and the console: short queries, a few connections that close when idle.
 * @param timeout of each statement, ms, which the server ends, and the client a second later where no answer comes;
 *   null: none
 */
export function createPool(options: DatabaseOptions, max = 4, timeout: number | null = null): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(options.url, 'tidemark'),
    max,
    idleTimeoutMillis: 10_000,
    ...(timeout === null ? {} : { query_timeout: timeout + 1_000 }),
    onConnect: async (client) => {
      await prepareConnection(client, options.schema);
      if (timeout !== null) await client.query(`SET statement_timeout TO ${Math.round(timeout)}`);
    },
  });
  // Of idle connections; the query that gets a dead one fails by itself.
  pool.on('error', () => {});
  return pool;
}

async function prepareConnection(client: pg.ClientBase, schema: string): Promise<void> {
  assertSchemaName(schema);
  await client.query(
    `SET search_path TO ${pg.escapeIdentifier(schema)}; SET TimeZone TO 'UTC'; SET DateStyle TO 'ISO'`,
  );
}

function clientConfig(url: string, role: string): pg.ClientConfig {
  return {
    connectionString: url,
    fallback_application_name: role,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  };
}

function describe(client: pg.Client): string {
  return `Postgres (${client.user} at ${client.host}:${client.port}, database ${client.database})`;
}

/** A refused `localhost` is an AggregateError without a message. */
function reasonOf(error: unknown): string {
  const { message, code, errors } = error as Error & { code?: string; errors?: Error[] };
  const why = message || errors?.map((one) => one.message).join(', ') || code || String(error);
  if (code === '3D000') return `${why}. Run tidemark setup, which makes it, or set database.url`;
  if (code?.startsWith('28')) return `${why}. Check user and password in database.url`;
  if (code === '53300') return `${why}. Raise max_connections: each partition takes a connection of its own`;
  return why;
}
