import { afterEach, expect, test } from '@jest/globals';
import { connect } from '../../src/postgres/connect.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { TcpProxy } from '../chaos/proxy.ts';
import { describeReal } from '../support/stack.ts';
import { makeVisit, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

/** ms. */
const SILENCE = 1_500;
const SAID = /Postgres has been silent for 1\.5 s \(database\.answer_timeout\): the connection is given up/;

describeReal('a connection to Postgres on which nothing moves any more', () => {
  const schema = testSchema();
  const proxies: TcpProxy[] = [];
  afterEach(() => proxies.splice(0).forEach((proxy) => void proxy.close()));

  async function through(): Promise<{ readonly proxy: TcpProxy; readonly options: typeof schema.options }> {
    const proxy = await TcpProxy.listen(() => ({ underWay: new Set(), up: () => {}, down: () => {} }));
    proxies.push(proxy);
    const url = new URL(schema.url);
    proxy.leadTo(Number(url.port));
    url.port = String(proxy.port);
    return { proxy, options: { ...schema.options, url: url.href } };
  }

  test.each([
    ['what is asked does not arrive', true, false],
    ['what is answered does not arrive', false, true],
  ])('is given up where %s, and says so', async (_, up, down) => {
    const { proxy, options } = await through();
    const client = await connect(options, 'a test', SILENCE);
    proxy.hold(up, down);
    await expect(client.query('SELECT 1')).rejects.toThrow(SAID);
  });

  test('is kept where nothing is asked, and where rows go on coming', async () => {
    const { options } = await through();
    const client = await connect(options, 'a test', 1_000);
    // Idle for longer than that, by the time of the server.
    const other = await connect(schema.options, 'a test');
    await other.query('SELECT pg_sleep(1.5)');
    // The server sends what fills its buffer of 8 kB.
    await client.query(`SELECT repeat('x', 9000), pg_sleep(0.2) FROM generate_series(1, 10)`);
    await Promise.all([client.end(), other.end()]);
  });

  test('costs a lease, and whoever takes over goes on from what is committed', async () => {
    const { proxy, options } = await through();
    const store = new PostgresStore<string>({ ...options, answerTimeout: SILENCE });
    const partition = schema.nextPartition();
    const lease = await store.takeOver(partition);
    const committer = new TestCommitter(lease);
    await committer.commit([makeVisit()]);
    proxy.hold(false, true);
    await expect(committer.commit([makeVisit()])).rejects.toThrow(SAID);
    // New connections work.
    proxy.hold(false, false);
    const after = await store.takeOver(partition);
    // That commit came to the server, and its answer did not come back.
    expect([after.epoch, after.open.length]).toEqual([lease.epoch + 1, 2]);
    await new TestCommitter(after).commit([makeVisit()]);
    await store.close();
  });

  test('ends a take-over, which is then tried again', async () => {
    const { proxy, options } = await through();
    const store = new PostgresStore<string>({ ...options, answerTimeout: SILENCE });
    const partition = schema.nextPartition();
    proxy.hold(false, true);
    const refused = store.takeOver(partition);
    await expect(refused).rejects.toThrow();
    proxy.hold(false, false);
    expect((await store.takeOver(partition)).epoch).toBeGreaterThan(0);
    await store.close();
  });
});
