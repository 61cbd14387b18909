import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { connect, connectPlain, type DatabaseAddress, type DatabaseOptions, DatabaseUnreachable } from './connect.ts';
import { INSUFFICIENT_PRIVILEGE, MayNot, whatLetsUs } from './may-not.ts';
import { NO_DATABASE } from './open.ts';
import { assertSchemaName } from './schema-name.ts';
import { targetOf } from './target.ts';

/** Beside `src` as beside `dist`. */
const DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url));
const TABLE = 'migration';
/** Key of an advisory lock: two setups run one after the other. */
const LOCK = 8_246_113_207;

/** A difference between the database's schema and this program's. */
export class WrongSchemaVersion extends Error {
  override readonly name = 'WrongSchemaVersion';
}

/**
 * Brings the schema up to date; names of the migrations that were applied, none if it was.
 * @throws WrongSchemaVersion; MayNot where this role may not
 */
export async function migrate(options: DatabaseOptions): Promise<string[]> {
  return await onSchema(options, async (client) => {
    const applied = await runner({
      dbClient: client,
      dir: DIRECTORY,
      direction: 'up',
      migrationsTable: TABLE,
      schema: options.schema,
      // Only where it is missing: IF NOT EXISTS asks for the right to create one even where it exists.
      createSchema: !(await schemaExists(client, options.schema)),
      advisoryLockMode: 'wait',
      lockValue: LOCK,
      log: () => {},
    });
    return applied.map(({ name }) => name);
  });
}

/**
 * What `migrate` would apply. Changes nothing.
 * @throws WrongSchemaVersion where the schema is newer; MayNot where this role may not see it
 */
export async function pendingMigrations(options: DatabaseOptions): Promise<string[]> {
  return await onSchema(options, async (_, pending) => pending);
}

/** Connected, with what is pending of a schema that is not newer. What this role may not becomes a MayNot. */
async function onSchema<T>(
  options: DatabaseOptions,
  action: (client: pg.Client, pending: string[]) => Promise<T>,
): Promise<T> {
  assertSchemaName(options.schema);
  const client = await connect(options, 'tidemark setup');
  try {
    const { unknown, pending } = await compare(client, options.schema);
    if (unknown.length > 0) throw newer(options.schema, unknown);
    return await action(client, pending);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new MayNot(await whatLetsUs(client, options.schema), message, { cause: error });
  } finally {
    await client.end();
  }
}

/** @throws WrongSchemaVersion unless the schema is exactly the one that this program was made for */
export async function assertSchemaVersion(client: pg.ClientBase, schema: string): Promise<void> {
  const { unknown, pending } = await compare(client, schema);
  if (unknown.length > 0) throw newer(schema, unknown);
  if (pending.length > 0) {
    throw new WrongSchemaVersion(`schema ${schema} lacks ${pending.join(', ')}: run tidemark setup`);
  }
}

/** Needs template0: the usual one may have another encoding. */
const IN_UTF8 = "ENCODING 'UTF8' TEMPLATE template0";
const OTHER_LOCALE = '22023';

/**
 * Whether the database had to be made.
 * @throws DatabaseUnreachable; MayNot where it is missing and this role may not make it
 */
export async function ensureDatabase(address: DatabaseAddress): Promise<boolean> {
  try {
    await (await connectPlain(address, 'tidemark setup')).end();
    return false;
  } catch (error) {
    if (!isMissingDatabase(error)) throw error;
  }
  const { database, user } = targetOf(address);
  const create = `CREATE DATABASE ${pg.escapeIdentifier(database)}`;
  const mayNot = (error: unknown) =>
    new MayNot([`${create} OWNER ${pg.escapeIdentifier(user)} ${IN_UTF8}`], (error as Error).message, { cause: error });
  let client: pg.Client;
  try {
    client = await connectPlain(address, 'tidemark setup', 'postgres');
  } catch (error) {
    throw mayNot(error);
  }
  try {
    await client.query(`${create} ${IN_UTF8}`).catch(async (error: { code?: string }) => {
      if (error.code !== OTHER_LOCALE) throw error;
      // The server's own locale is of another encoding; this one goes with each.
      await client.query(`${create} ${IN_UTF8} LOCALE 'C'`);
    });
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    // Another setup was first.
    if (code === '42P04' || code === '23505') return false;
    if (code === INSUFFICIENT_PRIVILEGE) throw mayNot(error);
    throw error;
  } finally {
    await client.end();
  }
}

export function isMissingDatabase(error: unknown): boolean {
  return error instanceof DatabaseUnreachable && (error.cause as { code?: string }).code === NO_DATABASE;
}

function newer(schema: string, unknown: readonly string[]): WrongSchemaVersion {
  return new WrongSchemaVersion(
    `schema ${schema} was set up by a newer tidemark (${unknown.join(', ')}): use that version or a later one`,
  );
}

async function compare(client: pg.ClientBase, schema: string): Promise<{ unknown: string[]; pending: string[] }> {
  const ours = (await readdir(DIRECTORY)).filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -4));
  const applied = new Set(await appliedMigrations(client, schema));
  return {
    unknown: [...applied].filter((name) => !ours.includes(name)),
    pending: ours.sort().filter((name) => !applied.has(name)),
  };
}

async function appliedMigrations(client: pg.ClientBase, schema: string): Promise<string[]> {
  const table = `${pg.escapeIdentifier(schema)}.${TABLE}`;
  const found = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  if (!found.rows[0]!.there) return [];
  const { rows } = await client.query<{ name: string }>(`SELECT name FROM ${table} ORDER BY id`);
  return rows.map(({ name }) => name);
}

async function schemaExists(client: pg.ClientBase, schema: string): Promise<boolean> {
  const { rows } = await client.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
  return rows.length > 0;
}
