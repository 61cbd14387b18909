import pg from 'pg';
import { connect, type DatabaseOptions } from './connect.ts';
import { grantOnDatabase, grantOnTable, grantUsage, readerRoleOf, VIEWS } from './grants.ts';

export interface ReaderRole {
  readonly role: string;
  /** Whether it was made or given rights now. */
  readonly changed: boolean;
  /** What is left to do; null: nothing. */
  readonly sql: string | null;
  /** Whether what is left is an administrator's: this role may not. */
  readonly mayNot: boolean;
}

/** Makes the role `<schema>_reader`, which cannot log in, and lets it read the views. @param dry changes nothing */
export async function ensureReaderRole(options: DatabaseOptions, dry = false): Promise<ReaderRole> {
  const role = readerRoleOf(options.schema);
  const client = await connect(options, 'tidemark setup');
  try {
    const { sql, makesRole } = await missingStatements(client, options.schema, role);
    if (sql === null) return { role, changed: false, sql, mayNot: false };
    if (dry) return { role, changed: false, sql, mayNot: makesRole && !(await mayMakeRoles(client)) };
    try {
      await client.query(sql);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === INSUFFICIENT_PRIVILEGE) return { role, changed: false, sql, mayNot: true };
      // Another setup was first.
      if (code === DUPLICATE_OBJECT || code === UNIQUE_VIOLATION) return await ensureReaderRole(options, dry);
      throw error;
    }
    // Of rights that are not ours to give, Postgres only warns.
    const left = await missingStatements(client, options.schema, role);
    return { role, changed: left.sql === null, sql: left.sql, mayNot: left.sql !== null };
  } finally {
    await client.end();
  }
}

interface Missing {
  readonly sql: string | null;
  readonly makesRole: boolean;
}

async function missingStatements(client: pg.Client, schema: string, role: string): Promise<Missing> {
  const { rows } = await client.query<{ there: boolean; database: string; connect: boolean; usage: boolean }>(
    `SELECT r.oid IS NOT NULL AS there, current_database() AS database,
      has_database_privilege(r.oid, current_database(), 'CONNECT') AS connect,
      has_schema_privilege(r.oid, n.oid, 'USAGE') AS usage
    FROM (SELECT) one LEFT JOIN pg_roles r ON r.rolname = $1 LEFT JOIN pg_namespace n ON n.nspname = $2`,
    [role, schema],
  );
  const { there, database, connect, usage } = rows[0]!;
  const views = await client.query<{ view: string }>(
    `SELECT view FROM unnest($3::text[]) AS view
    LEFT JOIN pg_class c ON c.relname = view AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $2)
    LEFT JOIN pg_roles r ON r.rolname = $1
    WHERE has_table_privilege(r.oid, c.oid, 'SELECT') IS NOT TRUE`,
    [role, schema, VIEWS],
  );
  const missing = [
    ...(there ? [] : [`CREATE ROLE ${pg.escapeIdentifier(role)} NOLOGIN`]),
    // Everybody may connect, unless that was taken away.
    ...(there && !connect ? [grantOnDatabase('CONNECT', database, role)] : []),
    ...(usage ? [] : [grantUsage(schema, role)]),
    ...views.rows.map(({ view }) => grantOnTable(['SELECT'], schema, view, role)),
  ];
  return { sql: missing.length === 0 ? null : `${missing.join(';\n')};\n`, makesRole: !there };
}

async function mayMakeRoles(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ may: boolean }>(
    'SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user',
  );
  return rows[0]!.may;
}

const INSUFFICIENT_PRIVILEGE = '42501';
const DUPLICATE_OBJECT = '42710';
const UNIQUE_VIOLATION = '23505';
