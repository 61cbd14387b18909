import pg from 'pg';
import {
  grantMonths,
  grantOnDatabase,
  grantOnTable,
  grantRanges,
  grantSight,
  grantUsage,
  TABLE_RIGHTS,
} from './grants.ts';

/** This role may not do all that it has to. The message has the SQL that lets it. */
export class MissingRoleRights extends Error {
  override readonly name = 'MissingRoleRights';
}

interface Found {
  readonly me: string;
  readonly database: string;
  /** null: the schema, function or table is missing; other checks report that. */
  readonly usage: boolean | null;
  readonly temporary: boolean;
  readonly ranges: boolean | null;
  /** `table.RIGHT` of those that are there. */
  readonly lacking: readonly { readonly table: string; readonly right: string }[];
  readonly months: boolean;
  /** The role that logged in, if it may not see and end its own connections; else null. */
  readonly blind: string | null;
}

/**
 * Asked before anything else, because what a role may not see looks as if it were missing.
 * @throws MissingRoleRights, with all that is missing
 */
export async function assertRights(client: pg.ClientBase, schema: string, who: 'run' | 'retry'): Promise<void> {
  const asked = TABLE_RIGHTS[who].flatMap(({ table, rights }) => rights.map((right) => ({ table, right })));
  const { rows } = await client.query<Found>(FIND, [
    schema,
    asked.map(({ table }) => table),
    asked.map(({ right }) => right),
  ]);
  const found = rows[0]!;
  const sql = [
    ...(found.usage === false ? [grantUsage(schema, found.me)] : []),
    ...byTable(found.lacking).map(([table, rights]) => grantOnTable(rights, schema, table, found.me)),
    ...(who === 'run' ? forFolding(found, schema) : []),
  ];
  if (sql.length === 0) return;
  // Connections belong to who logged in, not to the role that was set: of an owner that was killed they have to be ended.
  const blind =
    found.blind === null || who !== 'run'
      ? ''
      : ` (${found.blind} logs in, and its role is set to ${found.me}, which may not see the connections of ${found.blind}: ` +
        `grant that, or ALTER ROLE ${pg.escapeIdentifier(found.blind)} RESET role)`;
  throw new MissingRoleRights(
    `role ${found.me} lacks rights in schema ${schema}${blind}, which the owner of it gives with\n${sql.map((line) => `  ${line};`).join('\n')}`,
  );
}

function forFolding({ me, database, temporary, ranges, months, blind }: Found, schema: string): string[] {
  return [
    ...(blind === null ? [] : [grantSight(me)]),
    ...(temporary ? [] : [grantOnDatabase('TEMPORARY', database, me)]),
    ...(ranges === false ? [grantRanges(schema, me)] : []),
    ...(months ? [] : [grantMonths(schema, me)]),
  ];
}

function byTable(lacking: Found['lacking']): [string, string[]][] {
  const rights = Map.groupBy(lacking, ({ table }) => table);
  return [...rights].map(([table, each]) => [table, each.map(({ right }) => right)]);
}

const FIND = `SELECT current_user AS me, current_database() AS database, has_schema_privilege(n.oid, 'USAGE') AS usage,
    has_database_privilege(current_database(), 'TEMPORARY') AS temporary,
    (SELECT has_function_privilege(p.oid, 'EXECUTE') FROM pg_proc p
      WHERE p.pronamespace = n.oid AND p.proname = 'make_ranges') AS ranges,
    (SELECT coalesce(json_agg(json_build_object('table', asked.name, 'right', asked.privilege)), '[]')
      FROM unnest($2::text[], $3::text[]) AS asked (name, privilege)
      JOIN pg_class c ON c.relname = asked.name AND c.relnamespace = n.oid
      WHERE NOT has_table_privilege(c.oid, asked.privilege)) AS lacking,
    NOT EXISTS (SELECT FROM pg_class p JOIN pg_inherits i ON i.inhparent = p.oid
      WHERE p.relname = 'ended_visit' AND p.relnamespace = n.oid AND NOT has_table_privilege(i.inhrelid, 'SELECT')
    ) AS months,
    CASE WHEN NOT pg_has_role(session_user, 'USAGE')
      AND NOT (pg_has_role('pg_read_all_stats', 'USAGE') AND pg_has_role('pg_signal_backend', 'USAGE'))
      THEN session_user END AS blind
  FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = $1`;
