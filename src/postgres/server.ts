import type pg from 'pg';

/** @throws where the server cannot keep what is promised: what is wrong and what to do */
export async function assertServer(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{
    version: number;
    name: string;
    synchronous: string;
    standby: boolean;
    encoding: string;
    database: string;
  }>(
    `SELECT current_setting('server_version_num')::integer AS version, current_setting('server_version') AS name,
      current_setting('synchronous_commit') AS synchronous, pg_is_in_recovery() AS standby,
      current_setting('server_encoding') AS encoding, current_database() AS database`,
  );
  const { version, name, synchronous, standby, encoding, database } = rows[0]!;
  if (version < OLDEST) throw new Error(`Postgres ${name} is too old: use 15 or later`);
  if (standby) throw new Error('this Postgres is a standby, which cannot be written: set database.url to the primary');
  if (encoding !== 'UTF8') {
    throw new Error(
      `database ${database} is encoded in ${encoding}, which cannot hold every text of an event: the first that it cannot ` +
        'would stop its partition. Name another database in database.url: tidemark setup makes it, in UTF8',
    );
  }
  if (synchronous === 'off') {
    throw new Error(
      'synchronous_commit is off: a crash of Postgres would undo commits whose messages were already published. ' +
        'Turn it on for this role: ALTER ROLE … SET synchronous_commit TO on',
    );
  }
}

const OLDEST = 150000;
