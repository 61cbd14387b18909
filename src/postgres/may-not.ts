import pg from 'pg';

export const INSUFFICIENT_PRIVILEGE = '42501';

/** This role may not make what is missing: an administrator may make it, or let it. */
export class MayNot extends Error {
  override readonly name = 'MayNot';
  /** What the administrator runs, without a semicolon at its end. */
  readonly sql: readonly string[];

  /** @param why what Postgres said */
  constructor(sql: readonly string[], why: string, options?: ErrorOptions) {
    super(`${why}; an administrator may let it, with\n${sql.map((line) => `${line};\n`).join('')}`, options);
    this.sql = sql;
  }
}

/** What lets this role make the tables of a schema, or change them. */
export async function whatLetsUs(client: pg.ClientBase, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ me: string; create: boolean | null; owners: string[] }>(
    `SELECT current_user AS me, has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') AS create,
      ARRAY(SELECT DISTINCT r.rolname::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
        WHERE c.relnamespace = n.oid AND NOT pg_has_role(c.relowner, 'USAGE')) AS owners
    FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [schema],
  );
  const { me, create, owners } = rows[0]!;
  const [role, name] = [pg.escapeIdentifier(me), pg.escapeIdentifier(schema)];
  if (create === null) return [`CREATE SCHEMA ${name} AUTHORIZATION ${role}`];
  return [
    ...(create ? [] : [`GRANT USAGE, CREATE ON SCHEMA ${name} TO ${role}`]),
    ...owners.map((owner) => `GRANT ${pg.escapeIdentifier(owner)} TO ${role}`),
  ];
}
