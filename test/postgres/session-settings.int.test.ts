import { expect, test } from '@jest/globals';
import { connect, createPool } from '../../src/postgres/connect.ts';
import { ensureDatabase } from '../../src/postgres/migrate.ts';
import { assertServer } from '../../src/postgres/server.ts';
import { describeReal, uniqueName } from '../support/stack.ts';
import { testSchema } from './support/schema.ts';

/** What an administrator may have set, and what a connection of ours has all the same. */
const SET: readonly (readonly [name: string, theirs: string, ours: string])[] = [
  ['bytea_output', 'escape', 'hex'],
  ['DateStyle', 'German', 'ISO, MDY'],
  ['IntervalStyle', 'iso_8601', 'postgres'],
  ['TimeZone', 'Asia/Kolkata', 'UTC'],
  ['extra_float_digits', '-15', '1'],
  ['default_transaction_isolation', 'serializable', 'read committed'],
  ['default_transaction_read_only', 'on', 'off'],
  ['idle_session_timeout', '1s', '0'],
  ['idle_in_transaction_session_timeout', '1s', '0'],
  ['transaction_timeout', '1s', '0'],
  ['statement_timeout', '1s', '0'],
  ['lock_timeout', '1s', '0'],
  ['search_path', 'pg_catalog', 'tables'],
];

describeReal('settings of the role and the database', () => {
  const main = testSchema();

  async function inDatabase(options: string, use: (url: string) => Promise<void>): Promise<void> {
    const name = uniqueName('settings');
    await main.sql(`CREATE DATABASE ${name} ${options}`);
    const url = new URL(main.url);
    url.pathname = `/${name}`;
    try {
      await use(url.href);
    } finally {
      await main.sql(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  }

  test('do not change what is read or how it is committed, in sessions nor in pools', async () => {
    await inDatabase('', async (url) => {
      const database = new URL(url).pathname.slice(1);
      const rows = await main.sql('SELECT name FROM pg_settings');
      const known = new Set(rows.map(({ name }) => String(name)));
      const settings = SET.filter(([name]) => known.has(name));
      expect(settings.length).toBeGreaterThan(10);
      for (const [name, theirs] of settings) await main.sql(`ALTER DATABASE ${database} SET ${name} TO '${theirs}'`);
      const client = await connect({ url, schema: 'tables' });
      const pool = createPool({ url, schema: 'tables' });
      try {
        for (const one of [client, pool]) {
          const { rows: found } = await one.query<{ name: string; value: string }>(
            'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
            [settings.map(([name]) => name)],
          );
          expect(found.map(({ name, value }) => [name, value])).toEqual(settings.map(([name, , ours]) => [name, ours]));
          expect((await one.query(`SELECT '\\x0aff'::bytea AS bytes`)).rows).toEqual([
            { bytes: Buffer.from([10, 255]) },
          ]);
        }
      } finally {
        await client.end();
        await pool.end();
      }
    });
  });

  test.each(['LATIN1', 'SQL_ASCII'])('a database in %s is refused, with what to do', async (encoding) => {
    await inDatabase(`ENCODING '${encoding}' LOCALE 'C' TEMPLATE template0`, async (url) => {
      const client = await connect({ url, schema: 'tables' });
      try {
        const refused = assertServer(client);
        await expect(refused).rejects.toThrow(`is encoded in ${encoding}, which cannot hold every text of an event`);
        await expect(refused).rejects.toThrow(/Name another database in database\.url/);
      } finally {
        await client.end();
      }
    });
  });

  test('a database that is made is UTF8', async () => {
    const url = new URL(main.url);
    const name = uniqueName('made');
    url.pathname = `/${name}`;
    expect(await ensureDatabase({ url: url.href })).toBe(true);
    try {
      const rows = await main.sql(
        `SELECT pg_encoding_to_char(encoding) AS encoding FROM pg_database WHERE datname = '${name}'`,
      );
      expect(rows).toEqual([{ encoding: 'UTF8' }]);
    } finally {
      await main.sql(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  });
});
