import pg from 'pg';
import { assertSchemaName } from './schema-name.ts';

/**
 * What each role needs in Postgres, and no more: `setup --print-grants` prints it, `run` and `dead-letter retry` look
 * whether they have it, and the tests work with just this.
 */

/** What the reader may read, and all that it may. */
export const VIEWS = ['visits', 'sessions', 'profiles', 'visit_events', 'visit_revisions', 'set_aside'] as const;

export const SQL_ROLES = ['setup', 'run', 'retry', 'reader'] as const;
export type SqlRole = (typeof SQL_ROLES)[number];

export interface GrantRoles {
  readonly database: string;
  readonly schema: string;
  /** Who runs `setup`: it owns schema and tables. */
  readonly owner: string;
  /** Who runs `run`; the owner needs none of it. */
  readonly run: string;
  /** Who runs `dead-letter retry`. */
  readonly retry: string;
  /** A role without a login, to be granted to those that read the views; `setup` makes it where it may. */
  readonly reader: string;
}

/** The reader role of a schema. */
export function readerRoleOf(schema: string): string {
  return `${schema}_reader`;
}

type Write = 'INSERT' | 'UPDATE' | 'DELETE';

/** What folding and publishing write; all is read. */
const RUN_WRITES: Readonly<Record<string, readonly Write[]>> = {
  meta: ['INSERT', 'UPDATE'],
  partition_state: ['INSERT', 'UPDATE'],
  open_visit: ['INSERT', 'UPDATE', 'DELETE'],
  ended_visit: ['INSERT', 'UPDATE', 'DELETE'],
  visit_chunk: ['INSERT'],
  visit_alias: ['INSERT', 'UPDATE'],
  visit_revision: ['INSERT'],
  profile_part: ['INSERT', 'UPDATE', 'DELETE'],
  profile_trait: ['INSERT', 'UPDATE'],
  outbox: ['INSERT', 'DELETE'],
  outbox_piece: ['INSERT', 'DELETE'],
  writer_schema: ['INSERT'],
  set_aside_hour: ['INSERT', 'UPDATE'],
  trouble: ['INSERT', 'DELETE'],
};

export interface TableRights {
  readonly table: string;
  readonly rights: readonly string[];
}

/** By table, beside USAGE on the schema. `run` also makes temporary tables, and calls make_ranges. */
export const TABLE_RIGHTS: Readonly<Record<'run' | 'retry', readonly TableRights[]>> = {
  run: [
    { table: 'migration', rights: ['SELECT'] },
    ...Object.entries(RUN_WRITES).map(([table, writes]) => ({ table, rights: ['SELECT', ...writes] })),
  ],
  retry: [
    { table: 'migration', rights: ['SELECT'] },
    { table: 'meta', rights: ['SELECT'] },
    { table: 'retried', rights: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'] },
  ],
};

/** The function that `run` calls, with the types of its arguments. */
export const MAKE_RANGES = 'make_ranges(regclass, text, uuid, uuid)';

/**
 * SQL for an administrator, or for the owner of its objects. Those of `setup` come before `tidemark setup`, the others
 * after it, and again after an upgrade that made tables.
 */
export function sqlGrants(options: GrantRoles): { readonly role: SqlRole; readonly sql: string[] }[] {
  return SQL_ROLES.map((role) => ({ role, sql: SQL[role](options) }));
}

const SQL: Readonly<Record<SqlRole, (options: GrantRoles) => string[]>> = {
  setup: ({ database, schema, owner }) => [
    `GRANT CONNECT ON DATABASE ${quoted(database)} TO ${quoted(owner)}`,
    `CREATE SCHEMA IF NOT EXISTS ${schemaName(schema)} AUTHORIZATION ${quoted(owner)}`,
  ],
  run: ({ database, schema, owner, run }) => {
    if (run === owner) return [grantOnDatabase('TEMPORARY', database, run)];
    return [
      grantOnDatabase('CONNECT, TEMPORARY', database, run),
      grantUsage(schema, run),
      ...TABLE_RIGHTS.run.map(({ table, rights }) => grantOnTable(rights, schema, table, run)),
      grantRanges(schema, run),
      // Those that will be made.
      grantMonths(schema, run),
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoted(owner)} IN SCHEMA ${schemaName(schema)} GRANT SELECT ON TABLES TO ${quoted(run)}`,
    ];
  },
  retry: ({ database, schema, owner, retry }) => {
    if (retry === owner) return [];
    return [
      grantOnDatabase('CONNECT', database, retry),
      grantUsage(schema, retry),
      ...TABLE_RIGHTS.retry.map(({ table, rights }) => grantOnTable(rights, schema, table, retry)),
    ];
  },
  reader: ({ database, schema, reader }) => [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = ${pg.escapeLiteral(reader)}) THEN ` +
      `CREATE ROLE ${quoted(reader)} NOLOGIN; END IF; END $$`,
    grantOnDatabase('CONNECT', database, reader),
    grantUsage(schema, reader),
    ...VIEWS.map((view) => grantOnTable(['SELECT'], schema, view, reader)),
  ],
};

export function grantOnDatabase(rights: string, database: string, role: string): string {
  return `GRANT ${rights} ON DATABASE ${quoted(database)} TO ${quoted(role)}`;
}

export function grantUsage(schema: string, role: string): string {
  return `GRANT USAGE ON SCHEMA ${schemaName(schema)} TO ${quoted(role)}`;
}

export function grantOnTable(rights: readonly string[], schema: string, table: string, role: string): string {
  return `GRANT ${rights.join(', ')} ON ${schemaName(schema)}.${quoted(table)} TO ${quoted(role)}`;
}

export function grantRanges(schema: string, role: string): string {
  return `GRANT EXECUTE ON FUNCTION ${schemaName(schema)}.${MAKE_RANGES} TO ${quoted(role)}`;
}

/** Ranges of months are read one by one; these are the ones that are there. */
export function grantMonths(schema: string, role: string): string {
  return `GRANT SELECT ON ALL TABLES IN SCHEMA ${schemaName(schema)} TO ${quoted(role)}`;
}

/** To see and to end connections of other roles: an administrator gives it. */
export function grantSight(role: string): string {
  return `GRANT pg_read_all_stats, pg_signal_backend TO ${quoted(role)}`;
}

function schemaName(schema: string): string {
  assertSchemaName(schema);
  return quoted(schema);
}

function quoted(name: string): string {
  return pg.escapeIdentifier(name);
}
