import type pg from 'pg';

/** @throws where the server cannot keep what is promised: what is wrong and what to do */
export async function assertServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string; synchronous: string; standby: boolean }>(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('server_version') AS name,
      current_setting('synchronous_commit') AS synchronous, pg_is_in_recovery() AS standby`,
  );
  const { version, name, synchronous, standby } = rows[0]!;
  if (version < OLDEST) throw new Error(`Postgres ${name} is too old: use 15 or later`);
  if (standby) throw new Error('this Postgres is a standby, which cannot be written: set database.url to the primary');
  if (synchronous === 'off') {
    throw new Error(
      'synchronous_commit is off: a crash of Postgres would undo commits whose messages were already published. ' +
        'Turn it on for this role: ALTER ROLE … SET synchronous_commit TO on',
    );
  }
}

const OLDEST = 150000;
