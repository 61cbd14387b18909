import { beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Finding } from '../../src/cli/setup/finding.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { tidemark } from './support/harness.ts';

/** An environment with a schema, topics and a group of its own. */
function surroundings(): { name: string; env: NodeJS.ProcessEnv } {
  const name = uniqueName('setup');
  const env = {
    ...stack().env,
    TIDEMARK_DATABASE_SCHEMA: name,
    TIDEMARK_KAFKA_GROUP: name,
    TIDEMARK_INPUT_TOPIC: name,
    TIDEMARK_OUTPUT_TOPIC: `${name}-ended`,
    TIDEMARK_TOPICS_PARTITIONS: '2',
    TIDEMARK_LOG_LEVEL: 'silent',
  };
  return { name, env };
}

async function states(env: NodeJS.ProcessEnv, ...argv: string[]) {
  const { code, out, err } = await tidemark(['setup', '--json', ...argv], { env });
  const findings = JSON.parse(out || '[]') as Finding[];
  return { code, err, findings, states: [...new Set(findings.map(({ state }) => state))].sort() };
}

describeReal('tidemark setup', () => {
  test('--check makes nothing and exits 1; setup makes all of it; a second run makes nothing', async () => {
    const { env, name } = surroundings();
    const before = await states(env, '--check');
    expect(before.err).toBe('');
    expect(before.code).toBe(1);
    expect(before.states).not.toContain('made');
    expect(await states(env, '--check')).toEqual(before);

    const first = await states(env);
    expect(first.err).toBe('');
    expect(first.code).toBe(0);
    const made = first.findings.filter(({ state }) => state === 'made').map(({ what }) => what);
    for (const topic of [name, `${name}-ended`, `${name}.dead-letter`, `${name}.late`]) {
      expect(made).toContain(`topic ${topic}`);
    }

    const second = await states(env);
    expect(second).toMatchObject({ code: 0, err: '', states: ['exists'] });
    expect(await states(env, '--check')).toMatchObject({ code: 0, err: '', states: ['exists'] });
  });

  test('a deciding setting may change until something was folded, and then not', async () => {
    const { env, name } = surroundings();
    await states(env);
    const changed = { ...env, TIDEMARK_VISIT_GAP: '20m' };
    expect(await states(changed, '--check')).toMatchObject({ code: 1, states: ['exists', 'missing'] });
    expect(await states(changed)).toMatchObject({ code: 0, states: ['exists', 'made'] });
    expect(await states(changed)).toMatchObject({ code: 0, states: ['exists'] });

    const client = new pg.Client(stack().databaseUrl);
    await client.connect();
    await client.query(`INSERT INTO ${name}.partition_state (partition, epoch, started) VALUES (0, 1, true)`);
    await client.end();
    const refused = await states({ ...env, TIDEMARK_VISIT_GAP: '25m' });
    expect(refused.states).toEqual(['differs', 'exists']);
    expect(refused.findings.find(({ state }) => state === 'differs')!.detail).toMatch(
      /visit\.gap was 20m and is now 25m/,
    );
    expect(await states(changed)).toMatchObject({ states: ['exists'] });
  });

  test('instances that are connected are named where tables have to be made, and no others', async () => {
    const { env, name } = surroundings();
    await states(env);
    const instance = new pg.Client(stack().databaseUrl);
    await instance.connect();
    // As if the last migration had not been made yet.
    await instance.query(`ALTER TABLE ${name}.open_visit RENAME COLUMN language TO before;
      ALTER TABLE ${name}.ended_visit RENAME COLUMN language TO before;
      DELETE FROM ${name}.migration WHERE name = '0009_language'`);
    const own = `INSERT INTO ${name}.partition_state (partition, epoch, started, owner, owner_pid, owner_started, owner_role)
      SELECT 0, 1, true, 'here:1', pid, backend_start, usesysid FROM pg_stat_activity WHERE pid = pg_backend_pid()`;
    await instance.query(own);
    await instance.query(`INSERT INTO ${name}.partition_state (partition, epoch, started, owner, owner_pid, owner_started,
      owner_role) SELECT 1, 1, true, 'gone:2', owner_pid, owner_started - interval '1 s', owner_role
      FROM ${name}.partition_state`);
    const detailOf = async (...argv: string[]) => {
      const { findings } = await states(env, ...argv);
      return findings.find(({ what }) => what.startsWith('tables'));
    };
    const named = 'connected instances of the version before: here:1';
    expect(await detailOf('--check')).toMatchObject({
      state: 'missing',
      detail: `0009_language\n${named}: stop them before this is made`,
    });
    expect(await detailOf()).toMatchObject({
      state: 'made',
      detail: `0009_language\n${named}: stop them now: they do not look again`,
    });
    expect(await detailOf()).not.toHaveProperty('detail');
    await instance.end();
  });

  test('what exists and differs is left, and reported to differ', async () => {
    const { env } = surroundings();
    await states({ ...env, TIDEMARK_INPUT_TIMESTAMPS: 'create' });
    const { findings, code } = await states(env);
    expect(code).toBe(0);
    const differing = findings.filter(({ state, what }) => state === 'differs' && what.startsWith('topic'));
    expect(differing).toHaveLength(1);
    expect(differing[0]!.detail).toMatch(/message\.timestamp\.type.*LogAppendTime/);
  });

  test('a part that is away does not keep the others from being set up; exit 3', async () => {
    const { env } = surroundings();
    const { code, err, findings } = await states({
      ...env,
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
      SCHEMA_REGISTRY_TLS_CA: '',
    });
    expect(code).toBe(3);
    expect(err).toMatch(/schema registry http:\/\/127\.0\.0\.1:1 gives no answer/);
    expect(findings.filter(({ what }) => /^(topic|tables)/.test(what)).map(({ state }) => state)).toEqual(
      Array(5).fill('made'),
    );
    expect(await states(env)).toMatchObject({ code: 0 });
  });
});

describeReal('simulate and status', () => {
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    ({ env } = surroundings());
  });

  test('before setup each reports that setup is needed, exit 1', async () => {
    const simulate = await tidemark(['simulate', '--events', '1'], { env });
    expect(simulate).toMatchObject({ code: 1, err: expect.stringMatching(/tidemark setup/) });
    const status = await tidemark(['status'], { env });
    expect(status).toMatchObject({ code: 1, err: expect.stringMatching(/tidemark setup/) });
  });

  test('what simulate wrote is what status shows as left to fold', async () => {
    expect(await tidemark(['setup'], { env })).toMatchObject({ code: 0 });
    const wrote = await tidemark(['simulate', '--rate', '5000', '--events', '300', '--seed', '1'], { env });
    expect(wrote).toMatchObject({ code: 0, out: expect.stringMatching(/^wrote 300 records/) });
    const { code, out } = await tidemark(['status', '--json'], { env });
    expect(code).toBe(0);
    const { partitions } = JSON.parse(out) as { partitions: { lag: number; started: boolean }[] };
    expect(partitions).toHaveLength(2);
    expect(partitions.reduce((sum, { lag }) => sum + lag, 0)).toBe(300);
    expect(partitions.some(({ started }) => started)).toBe(false);
  });

  test('without Kafka, status prints what Postgres knows and exits 3', async () => {
    const { code, out, err } = await tidemark(['status', '--json'], { env: { ...env, KAFKA_BROKERS: '127.0.0.1:1' } });
    expect(code).toBe(3);
    expect(JSON.parse(out)).toMatchObject({ partitions: [] });
    expect(err).toMatch(/Kafka at 127\.0\.0\.1:1 .*Lag is not known/);
  });
});
