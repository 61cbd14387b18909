import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectPlain, createPool, DatabaseUnreachable } from '../../src/postgres/connect.ts';
import { migrate } from '../../src/postgres/migrate.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { type TestServer, TestServers } from '../support/postgres-server.ts';
import { makeVisit, TestCommitter } from './support/builders.ts';

const servers = new TestServers();
let primary: TestServer;
let standby: TestServer;

beforeAll(async () => {
  primary = await servers.start();
  standby = await servers.standbyOf(primary);
});
afterAll(() => servers.stop());

/** Both, in this order. */
const both = (first: { readonly port: number }, second: { readonly port: number }, query = '') =>
  `postgres://tidemark:secret@127.0.0.1:${first.port},127.0.0.1:${second.port}/tidemark${query}`;

async function portOf(url: string): Promise<number> {
  const client = await connectPlain({ url }, 'a test');
  await client.end();
  return client.port;
}

describe('of several hosts', () => {
  test.each<[string, 'primary' | 'standby']>([
    ['', 'primary'],
    ['?target_session_attrs=any', 'standby'],
    ['?target_session_attrs=read-write', 'primary'],
    ['?target_session_attrs=primary', 'primary'],
    ['?target_session_attrs=read-only', 'standby'],
    ['?target_session_attrs=standby', 'standby'],
    ['?target_session_attrs=prefer-standby', 'standby'],
  ])('the standby before the primary%s: it is the %s', async (query, which) => {
    expect(await portOf(both(standby, primary, query))).toBe({ primary, standby }[which].port);
  });

  test('one that is not there is passed over, and a standby that is preferred may be missing', async () => {
    const nowhere = { port: 1 };
    expect(await portOf(both(nowhere, primary))).toBe(primary.port);
    expect(await portOf(both(nowhere, primary, '?target_session_attrs=prefer-standby'))).toBe(primary.port);
    const refused = portOf(both(nowhere, standby));
    await expect(refused).rejects.toThrow(DatabaseUnreachable);
    await expect(refused).rejects.toThrow(
      new RegExp(
        `at any of its hosts: 127\\.0\\.0\\.1:1: .*ECONNREFUSED.*; 127\\.0\\.0\\.1:${standby.port}: it is a standby`,
      ),
    );
  });

  test('a login that is refused is not tried at the others', async () => {
    const url = both(standby, primary, '?target_session_attrs=any').replace(':secret', ':wrong');
    await expect(portOf(url)).rejects.toThrow(
      new RegExp(`127\\.0\\.0\\.1:${standby.port}, database tidemark\\) cannot`),
    );
  });
});

describe('a failover', () => {
  test('the partition is taken over at the new primary, with all that was committed', async () => {
    const options = { url: both(primary, standby), schema: 'failing' };
    await migrate(options);
    const store = new PostgresStore<string>(options);
    const pool = createPool(options, 1);
    const count = async () => (await pool.query('SELECT count(*)::int FROM visits')).rows[0].count as number;
    const lease = await store.takeOver(0);
    const committer = new TestCommitter(lease);
    await committer.commit([makeVisit({ ended: true }), makeVisit()]);
    expect(await count()).toBe(2);

    await primary.part.kill('SIGKILL');
    await expect(committer.commit([makeVisit()])).rejects.toThrow();
    await expect(store.takeOver(0)).rejects.toThrow(/it is a standby/);
    await standby.sql('SELECT pg_promote()');

    const next = await store.takeOver(0);
    expect(next.epoch).toBe(lease.epoch + 1);
    expect(next.open).toHaveLength(1);
    await new TestCommitter(next).commit([makeVisit()]);
    expect(await count()).toBe(3);

    // The one before comes back as what it was, and would take writes: nobody asks it, while the other answers.
    await primary.part.start();
    expect(await portOf(options.url)).toBe(standby.port);
    await pool.end();
    await store.close();
  });
});
