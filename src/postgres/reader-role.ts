import pg from 'pg';
import { connect, type DatabaseOptions } from './connect.ts';

/** What the reader may read, and all that it may. */
export const VIEWS = ['visits', 'sessions', 'profiles', 'visit_events', 'visit_revisions'] as const;

export interface ReaderRole {
  readonly role: string;
  /** Whether it was made or given rights now. */
  readonly changed: boolean;
  /** What an administrator has to run, where this role may not; null where nothing is left to do. */
  readonly sql: string | null;
}

/** Makes the role `<schema>_reader`, which cannot log in, and lets it read the views. @param dry changes nothing */
export async function ensureReaderRole(options: DatabaseOptions, dry = false): Promise<ReaderRole> {
  const role = `${options.schema}_reader`;
  const client = await connect(options, 'tidemark setup');
  try {
    const missing = await missingStatements(client, options.schema, role);
    const sql = missing.length === 0 ? null : `${missing.join(';\n')};\n`;
    if (dry || sql === null) return { role, changed: false, sql };
    try {
      await client.query(sql);
      return { role, changed: true, sql: null };
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === INSUFFICIENT_PRIVILEGE) return { role, changed: false, sql };
      if (code === DUPLICATE_OBJECT || code === UNIQUE_VIOLATION) return await ensureReaderRole(options, dry);
      throw error;
    }
  } finally {
    await client.end();
  }
}

async function missingStatements(client: pg.Client, schema: string, role: string): Promise<string[]> {
  const { rows } = await client.query<{ there: boolean }>(
    'SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS there',
    [role],
  );
  const [toRole, inSchema] = [pg.escapeIdentifier(role), pg.escapeIdentifier(schema)];
  const usage = `GRANT USAGE ON SCHEMA ${inSchema} TO ${toRole}`;
  const select = (view: string) => `GRANT SELECT ON ${inSchema}.${pg.escapeIdentifier(view)} TO ${toRole}`;
  if (!rows[0]!.there) return [`CREATE ROLE ${toRole} NOLOGIN`, usage, ...VIEWS.map(select)];
  const rights = await client.query<{ view: string; select: boolean; usage: boolean }>(
    `SELECT view, has_table_privilege($1, format('%I.%I', $2::text, view), 'SELECT') AS select,
      has_schema_privilege($1, $2::text, 'USAGE') AS usage
    FROM unnest($3::text[]) AS view`,
    [role, schema, VIEWS],
  );
  const lacking = rights.rows.filter((right) => !right.select).map(({ view }) => select(view));
  return rights.rows[0]!.usage ? lacking : [usage, ...lacking];
}

const INSUFFICIENT_PRIVILEGE = '42501';
const DUPLICATE_OBJECT = '42710';
const UNIQUE_VIOLATION = '23505';
