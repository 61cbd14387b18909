import { expect, test } from '@jest/globals';
import { connect, createPool } from '../../src/postgres/connect.ts';
import { type SqlRole, sqlGrants, TABLE_RIGHTS, VIEWS } from '../../src/postgres/grants.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { ensureReaderRole } from '../../src/postgres/reader-role.ts';
import { forgetIntended, intend, intended, lockRetry, markSent, sentAt } from '../../src/postgres/retried.ts';
import { assertRights, MissingRoleRights } from '../../src/postgres/rights.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { describeReal, uniqueName } from '../support/stack.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

const MONTH = 31 * 86_400_000;

describeReal('with what is printed and nothing else', () => {
  const main = testSchema();

  /** A database in which nobody may do anything, a login for each role, and the printed SQL by role. */
  async function withDatabase(use: (ground: Ground) => Promise<void>): Promise<void> {
    const name = uniqueName('rights');
    const names = { owner: `${name}_owner`, run: `${name}_run`, retry: `${name}_retry`, reader: `${name}_reader` };
    const url = new URL(main.url);
    url.pathname = `/${name}`;
    await main.sql(`CREATE DATABASE ${name}`);
    try {
      const pool = createPool({ url: url.href, schema: 'public' }, 1);
      const sql = async (text: string) => void (await pool.query(text));
      const printed = new Map(
        sqlGrants({ database: name, schema: name, ...names }).map(({ role, sql }) => [role, sql]),
      );
      await sql(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC`);
      for (const role of Object.values(names)) await sql(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
      const as = (role: string) => {
        const own = new URL(url);
        own.username = role;
        own.password = 'secret';
        return { url: own.href, schema: name };
      };
      const grant = async (role: SqlRole) => {
        for (const statement of printed.get(role)!) await sql(statement);
      };
      try {
        await use({ names, as, grant, sql });
      } finally {
        await pool.end();
      }
    } finally {
      await main.sql(`DROP DATABASE ${name} WITH (FORCE)`);
      for (const role of Object.values(names)) await main.sql(`DROP ROLE IF EXISTS ${role}`);
    }
  }

  test('setup makes all, run folds into new months, retry retries, the reader reads the views alone', async () => {
    await withDatabase(async ({ names, as, grant, sql }) => {
      await grant('setup');
      expect(await migrate(as(names.owner))).not.toEqual([]);
      await grant('run');
      await grant('retry');
      expect(await ensureReaderRole(as(names.owner))).toMatchObject({ role: names.reader, mayNot: true });
      await grant('reader');
      expect(await ensureReaderRole(as(names.owner))).toMatchObject({ sql: null });

      const store = new PostgresStore<string>(as(names.run));
      const committer = new TestCommitter(await store.takeOver(0));
      const outbox = { first: 0, next: 1, payload: Buffer.from('x') };
      await committer.commit([makeVisit({ ended: true, openedAt: T0 })], {}, { outbox });
      await committer.commit([makeVisit({ ended: true, openedAt: T0 + MONTH }), makeVisit()]);
      expect(await committer.lease.outbox(0, 1_000)).toHaveLength(1);
      await committer.lease.acknowledge(1);
      const reach = { openedSince: 0, endedSince: 0, watermark: 0 };
      const ended: string[] = [];
      for await (const ids of committer.lease.endedSessions(reach)) ended.push(...ids);
      expect(ended).toHaveLength(2);
      // Another instance, which ends the connection of the one before.
      const next = await new PostgresStore<string>(as(names.run)).takeOver(0);
      await next.release();
      await store.close();

      const retrying = await connect(as(names.retry));
      await assertRights(retrying, as(names.retry).schema, 'retry');
      const source = { partition: 0, offset: 1, index: 0 };
      expect(await lockRetry(retrying)).toBe(true);
      await intend(retrying, [{ ...source, from: 5 }]);
      expect(await intended(retrying)).toHaveLength(1);
      await markSent(retrying, [source]);
      await forgetIntended(retrying, [source]);
      expect((await sentAt(retrying, [source])).size).toBe(1);
      await expect(retrying.query('SELECT FROM open_visit')).rejects.toThrow('permission denied');
      await retrying.end();

      const reading = await connect(as(names.reader));
      for (const view of VIEWS) await reading.query(`SELECT * FROM ${view}`);
      for (const table of ['meta', 'open_visit', 'ended_visit', 'ended_visit_2026_11', 'migration', 'retried']) {
        await expect(reading.query(`SELECT FROM ${table}`)).rejects.toThrow('permission denied');
      }
      const range = `SELECT make_ranges('ended_visit', '2030_01', gen_random_uuid(), gen_random_uuid())`;
      await expect(reading.query(range)).rejects.toThrow('permission denied for function make_ranges');
      await expect(reading.query('CREATE TABLE mine ()')).rejects.toThrow('permission denied');
      await reading.end();

      // What the run role may not: anything but fold.
      const running = await connect(as(names.run));
      for (const statement of [
        'DROP TABLE retried',
        'CREATE TABLE mine ()',
        'TRUNCATE outbox',
        'DELETE FROM visit_chunk',
      ]) {
        await expect(running.query(statement)).rejects.toThrow(/permission denied|must be owner/);
      }
      // Nor lend the owner's rights to tables of its own making.
      await running.query('CREATE TEMPORARY TABLE ended_visit (visit_id uuid)');
      await expect(running.query(range.replace("'ended_visit'", "'pg_temp.ended_visit'"))).rejects.toThrow(
        'no ranges of',
      );
      await expect(running.query(range.replace("'2030_01'", "'x; DROP'"))).rejects.toThrow('no ranges of');
      await running.end();
      await sql(`GRANT ${names.owner} TO CURRENT_USER`);
      await sql(`REASSIGN OWNED BY ${names.owner} TO CURRENT_USER`);
      for (const role of Object.values(names)) await sql(`DROP OWNED BY ${role}`);
    });
  });

  test('each right of run that is missing is named, with the SQL that gives it', async () => {
    const run = await main.as('run');
    const name = `${main.schema}_run`;
    const client = await connect(run);
    const lacks = async (sql: string, back: string, message: string) => {
      await main.sql(sql);
      const refused = assertRights(client, main.schema, 'run');
      await expect(refused).rejects.toThrow(MissingRoleRights);
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toThrow(`role ${name} lacks rights in schema ${main.schema}`);
      await expect(new PostgresStore<string>(run).takeOver(0)).rejects.toThrow(message);
      await main.sql(back);
      await assertRights(client, main.schema, 'run');
    };
    for (const { table, rights } of TABLE_RIGHTS.run) {
      for (const right of rights) {
        const on = `${right} ON ${main.schema}.${table}`;
        const grant = `GRANT ${right} ON "${main.schema}"."${table}" TO "${name}"`;
        await lacks(`REVOKE ${on} FROM ${name}`, grant, grant);
      }
    }
    const usage = `GRANT USAGE ON SCHEMA "${main.schema}" TO "${name}"`;
    await lacks(`REVOKE USAGE ON SCHEMA ${main.schema} FROM ${name}`, usage, usage);
    const ranges = `GRANT EXECUTE ON FUNCTION "${main.schema}".make_ranges(regclass, text, uuid, uuid) TO "${name}"`;
    await lacks(`REVOKE EXECUTE ON FUNCTION ${main.schema}.make_ranges FROM ${name}`, ranges, ranges);
    const committer = new TestCommitter(await main.store(undefined, run).takeOver(main.nextPartition()));
    await committer.commit([makeVisit({ ended: true, openedAt: T0 })]);
    const months = `GRANT SELECT ON ALL TABLES IN SCHEMA "${main.schema}" TO "${name}"`;
    await lacks(`REVOKE SELECT ON ${main.schema}.ended_visit_2026_11 FROM ${name}`, months, months);
    await client.end();
  });

  test('a role that is set for whoever logs in is told what it lacks to see and to end their connections', async () => {
    const [login, role] = [`${main.schema}_login`, `${main.schema}_set`];
    const [where] = await main.sql('SELECT current_user AS owner, current_database() AS database');
    const of = { ...(where as { owner: string; database: string }), schema: main.schema };
    const printed = sqlGrants({ ...of, run: role, retry: role, reader: role }).find((each) => each.role === 'run')!;
    await main.sql(`CREATE ROLE ${role}; CREATE ROLE ${login} LOGIN PASSWORD 'secret' IN ROLE ${role}`);
    await main.sql(`ALTER ROLE ${login} SET role = ${role}`);
    for (const sql of printed.sql) await main.sql(sql);
    const url = new URL(main.url);
    url.username = login;
    url.password = 'secret';
    const options = { url: url.href, schema: main.schema };
    try {
      const client = await connect(options);
      const grant = `GRANT pg_read_all_stats, pg_signal_backend TO "${role}"`;
      const refused = assertRights(client, main.schema, 'run');
      await expect(refused).rejects.toThrow(`its role is set to ${role}`);
      await expect(refused).rejects.toThrow(grant);
      await main.sql(grant);
      await assertRights(client, main.schema, 'run');
      const partition = main.nextPartition();
      await main.store('killed', options).takeOver(partition);
      // The owner before is ended, though another role logged in.
      const next = await main.store('next', options).takeOver(partition);
      expect(next.epoch).toBe(2);
      await client.end();
    } finally {
      await main.sql(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '${login}'`);
      await main.sql(`DROP ROLE ${login}; DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  test('the owner, who folds, needs nothing for it', () => {
    const names = { database: 'd', schema: 's', owner: 'o', run: 'o', retry: 'o', reader: 's_reader' };
    const sql = Object.fromEntries(sqlGrants(names).map(({ role, sql }) => [role, sql]));
    expect(sql).toMatchObject({ run: ['GRANT TEMPORARY ON DATABASE "d" TO "o"'], retry: [] });
  });
});

interface Ground {
  readonly names: { readonly owner: string; readonly run: string; readonly retry: string; readonly reader: string };
  readonly as: (role: string) => { readonly url: string; readonly schema: string };
  readonly grant: (role: SqlRole) => Promise<void>;
  readonly sql: (text: string) => Promise<void>;
}
