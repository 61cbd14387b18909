import { expect, test } from '@jest/globals';
import { connect, createPool, DatabaseUnreachable } from '../../src/postgres/connect.ts';
import { VIEWS } from '../../src/postgres/grants.ts';
import { readMeta, writeMeta } from '../../src/postgres/meta.ts';
import { ensureDatabase, migrate, pendingMigrations } from '../../src/postgres/migrate.ts';
import { ensureReaderRole } from '../../src/postgres/reader-role.ts';
import { readStatus } from '../../src/postgres/status.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { describeReal, uniqueName } from '../support/stack.ts';
import { makeVisit, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

describeReal('setting up a database', () => {
  const main = testSchema();

  async function withSchema(use: (options: { url: string; schema: string }) => Promise<void>): Promise<void> {
    const options = { url: main.url, schema: uniqueName('setup') };
    try {
      await use(options);
    } finally {
      await main.sql(`DROP SCHEMA IF EXISTS ${options.schema} CASCADE`);
    }
  }

  test('says what it did; a second time there is nothing to do', async () => {
    await withSchema(async (options) => {
      const all = await pendingMigrations(options);
      expect(all[0]).toBe('0001_tables');
      expect(await migrate(options)).toEqual(all);
      expect(await pendingMigrations(options)).toEqual([]);
      expect(await migrate(options)).toEqual([]);
    });
  });

  test('two at once do it once', async () => {
    await withSchema(async (options) => {
      const all = await pendingMigrations(options);
      const did = await Promise.all([migrate(options), migrate(options)]);
      expect(did.flat()).toEqual(all);
    });
  });

  test('everything lands in the schema that was named, and moves with it', async () => {
    await withSchema(async (options) => {
      await migrate(options);
      const moved = { ...options, schema: uniqueName('moved') };
      await main.sql(`ALTER SCHEMA ${options.schema} RENAME TO ${moved.schema}`);
      try {
        expect(await migrate(moved)).toEqual([]);
        const store = new PostgresStore<string>(moved);
        await new TestCommitter(await store.takeOver(0)).commit([makeVisit({ ended: true }), makeVisit()]);
        await store.close();
        expect(await main.sql(`SELECT count(*) FROM ${moved.schema}.visits`)).toEqual([{ count: 2 }]);
      } finally {
        await main.sql(`DROP SCHEMA ${moved.schema} CASCADE`);
      }
    });
  });

  test('a schema of a newer program is refused by setup and by the store', async () => {
    await withSchema(async (options) => {
      await migrate(options);
      await main.sql(`INSERT INTO ${options.schema}.migration (name, run_on) VALUES ('9999_future', now())`);
      await expect(migrate(options)).rejects.toThrow('set up by a newer tidemark (9999_future)');
      await expect(new PostgresStore(options).takeOver(0)).rejects.toThrow('set up by a newer tidemark');
    });
  });

  test('a schema that is missing or older is refused by the store, with what to do', async () => {
    await withSchema(async (options) => {
      await expect(new PostgresStore(options).takeOver(0)).rejects.toThrow('run tidemark setup');
      await migrate(options);
      await main.sql(`DELETE FROM ${options.schema}.migration WHERE name = '0002_views'`);
      await expect(new PostgresStore(options).takeOver(0)).rejects.toThrow('lacks 0002_views: run tidemark setup');
    });
  });

  test('a name that would need quotes is refused', async () => {
    await expect(migrate({ url: main.url, schema: 'a"b' })).rejects.toThrow('database.schema is "a"b"');
  });

  test('a database that is missing is made, once', async () => {
    const url = new URL(main.url);
    url.pathname = `/${uniqueName('made')}`;
    await expect(connect({ url: url.href, schema: 'x' })).rejects.toThrow('tidemark setup, which makes it');
    try {
      expect(await ensureDatabase({ url: url.href })).toBe(true);
      expect(await ensureDatabase({ url: url.href })).toBe(false);
      expect(await migrate({ url: url.href, schema: 'tidemark' })).not.toEqual([]);
    } finally {
      await main.sql(`DROP DATABASE IF EXISTS ${url.pathname.slice(1)} WITH (FORCE)`);
    }
  });

  test('a server that is not there is told by its address, without the password', async () => {
    const attempt = connect({ url: 'postgres://someone:secret@127.0.0.1:1/nowhere', schema: 'x' });
    await expect(attempt).rejects.toBeInstanceOf(DatabaseUnreachable);
    await expect(attempt).rejects.toThrow(
      /someone at 127\.0\.0\.1:1, database nowhere\) cannot be reached: .*ECONNREFUSED/,
    );
    await expect(attempt).rejects.not.toThrow('secret');
  });

  test('the reader role reads the views and nothing else', async () => {
    const { role, changed, sql } = await ensureReaderRole(main.options);
    try {
      expect({ role, changed, sql }).toEqual({ role: `${main.schema}_reader`, changed: true, sql: null });
      expect(await ensureReaderRole(main.options)).toEqual({ role, changed: false, sql: null, mayNot: false });
      const client = await connect(main.options);
      await client.query(`SET ROLE ${role}`);
      for (const view of VIEWS) await client.query(`SELECT * FROM ${view}`);
      const tables = await main.sql(
        `SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')`,
        [main.schema],
      );
      expect(tables.length).toBeGreaterThan(10);
      for (const { relname } of tables) {
        await expect(client.query(`SELECT FROM ${relname}`)).rejects.toThrow('permission denied');
      }
      await expect(client.query('CREATE TABLE mine ()')).rejects.toThrow('permission denied');
      await client.end();
    } finally {
      await main.sql(`DROP OWNED BY ${role}`);
      await main.sql(`DROP ROLE ${role}`);
    }
  });

  test('where the reader role may not be made, the SQL for it is given', async () => {
    const login = uniqueName('plain');
    await main.sql(`CREATE ROLE ${login} LOGIN PASSWORD 'plain'`);
    const options = { url: main.url, schema: uniqueName('owned') };
    const url = new URL(options.url);
    url.username = login;
    url.password = 'plain';
    const own = { ...options, url: url.href };
    await main.sql(`CREATE SCHEMA ${own.schema} AUTHORIZATION ${login}`);
    try {
      await migrate(own);
      const { changed, sql } = await ensureReaderRole(own);
      expect(changed).toBe(false);
      expect(await ensureReaderRole(own, true)).toMatchObject({ changed: false, sql });
      await main.sql(sql!);
      expect(await ensureReaderRole(own)).toMatchObject({ changed: false, sql: null });
    } finally {
      await main.sql(`DROP SCHEMA ${own.schema} CASCADE`);
      await main.sql(`DROP ROLE IF EXISTS ${own.schema}_reader`);
      await main.sql(`DROP ROLE ${login}`);
    }
  });

  test('every view and every column of one says what it means', async () => {
    const silent = await main.sql(
      `SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'v' AND a.attnum > 0
        AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)`,
      [main.schema],
    );
    expect(silent).toEqual([]);
  });

  test('what the state was folded from is kept, and can be changed', async () => {
    const pool = createPool(main.options);
    expect(await readMeta(pool)).toBeNull();
    const meta = { inputTopic: 'tracks', partitions: 6, settings: { 'visit.gap': '30m' }, outputSchemaId: null };
    await writeMeta(pool, meta);
    expect(await readMeta(pool)).toEqual({ ...meta, createdAt: expect.any(Date) });
    await writeMeta(pool, { ...meta, outputSchemaId: 3 });
    expect(await readMeta(pool)).toMatchObject({ outputSchemaId: 3 });
    await pool.end();
  });

  test('status tells where each partition is and who has it', async () => {
    const store = main.store('someone');
    const [held, given] = [await store.takeOver(main.nextPartition()), await store.takeOver(main.nextPartition())];
    const outbox = { first: 0, next: 2, payload: Buffer.alloc(5) };
    const committer = new TestCommitter(held);
    await committer.commit([makeVisit(), makeVisit(), makeVisit({ ended: true })], {}, { outbox });
    await given.release();
    const pool = createPool(main.options);
    const status = await readStatus(pool);
    await pool.end();
    expect(status.find(({ partition }) => partition === held.partition)).toMatchObject({
      epoch: 1,
      started: true,
      nextOffset: 1,
      arrivalClock: null,
      sequence: 2,
      published: 0,
      owner: 'someone',
      ownerConnected: true,
      openVisits: 2,
      outboxRows: 1,
      outboxBytes: 5,
      counts: { records: 1, published: 0 },
    });
    expect(status.find(({ partition }) => partition === given.partition)).toMatchObject({
      started: false,
      owner: null,
      ownerConnected: false,
      openVisits: 0,
      outboxRows: 0,
    });
  });
});
