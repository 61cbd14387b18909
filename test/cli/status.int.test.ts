import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Row } from '../../src/cli/status/row.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { RetryFixture } from '../set-aside/support/retry-fixture.ts';
import { describeReal, stack } from '../support/stack.ts';
import { tidemark } from './support/harness.ts';

describeReal('tidemark status', () => {
  const ground = new RetryFixture('avro', { TIDEMARK_COMMIT_INTERVAL: '10ms' });
  const store = new PostgresStore<never>({ url: stack().databaseUrl, schema: ground.name, owner: 'host:1' });
  beforeAll(() => ground.open());
  afterAll(async () => {
    await store.close();
    await ground.close();
  });

  const status = async (env: NodeJS.ProcessEnv = {}) => {
    const { code, out, err } = await tidemark(['status', '--json'], { env: { ...ground.env, ...env } });
    return { code, err, rows: (JSON.parse(out) as { partitions: Row[] }).partitions };
  };

  test('says of each partition what holds it back: nobody, a schema that nobody tells, or that it stands still', async () => {
    const ofSchema = (id: number) => Buffer.from([0, 0, 0, 0, id, 1, 2, 3]);
    await ground.write(ground.name, 0, [{ value: ofSchema(1) }, { value: ofSchema(1) }]);
    expect((await status()).rows).toMatchObject([
      { partition: 0, lag: 2, owner: null, hold: { kind: 'no_processor' } },
      { partition: 1, lag: 0, owner: null, hold: { kind: 'no_processor' } },
    ]);
    await store.takeOver(0);
    await store.takeOver(1);
    const { code, rows } = await status();
    expect(code).toBe(0);
    expect(rows).toMatchObject([
      { lag: 2, owner: 'host:1', hold: { kind: 'standing' }, recordsPerSecond: null, caughtUpIn: null },
      { lag: 0, hold: null, caughtUpIn: 0 },
    ]);
    const away = await status({ SCHEMA_REGISTRY_URL: 'http://127.0.0.1:9', SCHEMA_REGISTRY_TLS_CA: '' });
    expect(away.rows[0]!.hold).toMatchObject({ kind: 'schema', text: expect.stringContaining('id 1: ') });
  });

  test('shows what Postgres knows while Kafka is away, and that the lag is not known', async () => {
    const { code, err, rows } = await status({ KAFKA_BROKERS: '127.0.0.1:1' });
    expect(code).toBe(3);
    expect(err).toMatch(/Lag is not known/);
    const hold = { kind: 'brokers', text: 'the brokers do not answer' };
    expect(rows).toMatchObject([{ lag: null, hold, caughtUpIn: null, owner: 'host:1' }, { hold }]);
    const two = await status({ KAFKA_BROKERS: '127.0.0.1:1,127.0.0.1:2' });
    expect(two.err).toMatch(/127\.0\.0\.1:1.*127\.0\.0\.1:2/);
  });
});
