import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Finding } from '../../src/cli/setup/finding.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { tidemark } from './support/harness.ts';

describeReal('with a role that may do little', () => {
  let admin: pg.Client;
  /** The role, its database and its schema. */
  let name: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    admin = new pg.Client(stack().databaseUrl);
    await admin.connect();
  });
  afterAll(() => admin.end());

  beforeEach(async () => {
    name = uniqueName('few');
    const url = new URL(stack().databaseUrl);
    url.username = name;
    url.password = 'secret';
    url.pathname = `/${name}`;
    env = {
      ...stack().env,
      DATABASE_URL: url.href,
      TIDEMARK_DATABASE_SCHEMA: name,
      TIDEMARK_KAFKA_GROUP: name,
      TIDEMARK_INPUT_TOPIC: name,
      TIDEMARK_OUTPUT_TOPIC: `${name}-ended`,
      TIDEMARK_TOPICS_PARTITIONS: '1',
      TIDEMARK_LOG_LEVEL: 'silent',
      TIDEMARK_HTTP_PORT: '0',
    };
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'secret'`);
  });
  afterEach(async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.query(`DROP ROLE IF EXISTS ${name}_reader`);
    await admin.query(`DROP ROLE ${name}`);
  });

  /** Runs SQL as an administrator, in the role's database if it is there. */
  async function administer(sql: string): Promise<void> {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) return void (await admin.query(sql));
    const url = new URL(stack().databaseUrl);
    url.pathname = `/${name}`;
    const client = new pg.Client(url.href);
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }

  async function setUp(...argv: string[]) {
    const { code, out, err } = await tidemark(['setup', '--json', ...argv], { env });
    const missing = (JSON.parse(out) as Finding[]).filter(({ state }) => state === 'missing');
    return { code, err, missing: missing.map(({ what }) => what), detail: missing[0]?.detail ?? '' };
  }

  /** The SQL that an administrator is asked to run. */
  function sqlIn(detail: string): string {
    expect(detail).toMatch(/^we may not make it.*an administrator may.*with\n/);
    return detail.slice(detail.indexOf('\n') + 1);
  }

  test('each thing that it may not make is listed with its SQL, which is all that is left to do; --check agrees', async () => {
    const [database, tables] = [`database ${name}`, `tables and views in schema ${name}`];
    const reader = `role ${name}_reader, which reads the views`;

    const first = await setUp();
    expect(first).toMatchObject({ code: 1, err: '', missing: [database] });
    expect(await setUp('--check')).toMatchObject({ code: 1, err: '', missing: expect.arrayContaining([database]) });
    expect(sqlIn(first.detail)).toBe(`CREATE DATABASE "${name}" OWNER "${name}" ENCODING 'UTF8' TEMPLATE template0;\n`);
    // The database has another owner than the one asked for, so setup has to ask for the schema as well.
    await administer(`CREATE DATABASE ${name}`);

    const second = await setUp();
    expect(second).toMatchObject({ code: 1, err: '', missing: [tables] });
    expect(await setUp('--check')).toMatchObject({
      code: 1,
      err: '',
      missing: expect.arrayContaining([tables, reader]),
    });
    expect(sqlIn(second.detail)).toBe(`CREATE SCHEMA "${name}" AUTHORIZATION "${name}";\n`);
    await administer(sqlIn(second.detail));

    const third = await setUp();
    expect(third).toMatchObject({ code: 1, err: '', missing: [reader] });
    expect(await setUp('--check')).toEqual(third);
    expect(sqlIn(third.detail)).toMatch(new RegExp(`^CREATE ROLE "${name}_reader" NOLOGIN;\nGRANT USAGE`));
    await administer(sqlIn(third.detail));

    expect(await setUp()).toMatchObject({ code: 0, missing: [] });
    expect(await setUp('--check')).toMatchObject({ code: 0, missing: [] });
  });

  test('a schema, and tables, of another owner', async () => {
    await administer(`CREATE DATABASE ${name}`);
    await administer(`CREATE SCHEMA ${name}`);
    const asked = await setUp();
    expect(asked).toMatchObject({ code: 1, err: '' });
    expect(sqlIn(asked.detail)).toBe(`GRANT USAGE, CREATE ON SCHEMA "${name}" TO "${name}";\n`);
    await administer(sqlIn(asked.detail));

    const other = `${name}_other`;
    await administer(`CREATE ROLE ${other}; CREATE TABLE ${name}.migration (id int, name text, run_on timestamp);
      ALTER TABLE ${name}.migration OWNER TO ${other}`);
    try {
      const again = await setUp();
      expect(again).toMatchObject({ code: 1, err: '' });
      expect(sqlIn(again.detail)).toBe(`GRANT "${other}" TO "${name}";\n`);
      await administer(sqlIn(again.detail));
      expect((await setUp('--check')).detail).toMatch(/^0001_tables/);
    } finally {
      await administer(`DROP OWNED BY ${other}`);
      await admin.query(`DROP ROLE ${other}`);
    }
  });

  test('for people it is SQL to copy', async () => {
    const { code, out, err } = await tidemark(['setup'], { env });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain(
      `\n          CREATE DATABASE "${name}" OWNER "${name}" ENCODING 'UTF8' TEMPLATE template0;\n`,
    );
    expect(out).not.toContain('    at ');
  });

  test('run with a right missing exits 1, and names the right, the role and what gives it', async () => {
    await administer(`CREATE DATABASE ${name} OWNER ${name}`);
    await administer(`CREATE ROLE ${name}_reader`);
    expect(await setUp()).toMatchObject({ code: 0 });
    await administer(
      `ALTER TABLE ${name}.outbox OWNER TO CURRENT_USER; GRANT SELECT, INSERT ON ${name}.outbox TO ${name}`,
    );
    const { code, out, err } = await tidemark(['run'], { env });
    expect(code).toBe(1);
    expect(err).toContain(`role ${name} lacks rights in schema ${name}`);
    expect(err).toContain(`GRANT DELETE ON "${name}"."outbox" TO "${name}";`);
    expect(out + err).not.toContain('    at ');
    await administer(`REVOKE USAGE ON SCHEMA ${name} FROM ${name}; ALTER SCHEMA ${name} OWNER TO CURRENT_USER`);
    expect((await tidemark(['run'], { env })).err).toContain(`GRANT USAGE ON SCHEMA "${name}" TO "${name}";`);
    await administer(
      `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC, ${name}; ALTER DATABASE ${name} OWNER TO CURRENT_USER`,
    );
    const refused = await tidemark(['run'], { env });
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(`GRANT CONNECT ON DATABASE "${name}" TO "${name}"`);
  });
});
