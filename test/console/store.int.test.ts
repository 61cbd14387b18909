import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ConsoleStore } from '../../src/console/store.ts';
import { Problem } from '../../src/http/site.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { FoldedPartition, T0 } from '../inspect/support/folded-partition.ts';
import { testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { until } from '../support/until.ts';

const storeAt = (url: string, schema = 'tidemark') =>
  new ConsoleStore(loadSettings({ env: { DATABASE_URL: url, TIDEMARK_DATABASE_SCHEMA: schema } }).settings);

describe('a Postgres that takes connections and answers nothing', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  let store: ConsoleStore;

  beforeAll(async () => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    store = storeAt(`postgres://me@127.0.0.1:${(server.address() as { port: number }).port}/x`);
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  test('keeps no page waiting, gets two connections at most, and holds up no end', async () => {
    const lookups = Array.from({ length: 20 }, () => store.find('x').catch((error: unknown) => error));
    expect(await store.status.get()).toEqual({ value: null, at: null, error: null });
    expect(sockets.size).toBe(2);
    const first = [store.close().then(() => 'the end'), ...lookups.map((lookup) => lookup.then(() => 'an answer'))];
    expect(await Promise.race(first)).toBe('the end');
    for (const socket of sockets) socket.destroy();
    expect(await lookups[0]).toBeInstanceOf(Problem);
  });
});

describeReal('what the console reads of Postgres', () => {
  const schema = testSchema();
  let store: ConsoleStore;
  let other: pg.Client;

  beforeAll(async () => {
    store = storeAt(schema.options.url, schema.options.schema);
    const partition = await FoldedPartition.takeOver(schema);
    await partition.event({ session: 'open', t: T0 });
    other = new pg.Client(schema.options.url);
    await other.connect();
    await other.query(`SET search_path TO ${schema.options.schema}`);
  });
  afterAll(async () => {
    await other.end();
    await store.close();
  });

  test('is given up where Postgres takes too long, with what was known before and why', async () => {
    await until('it was read', async () => (await store.axis.get()).value !== null);
    const before = (await store.axis.get()).value;
    await other.query('BEGIN; LOCK open_visit IN ACCESS EXCLUSIVE MODE');
    await until('it is given up', async () => (await store.axis.get()).error !== null);
    expect(await store.axis.get()).toMatchObject({ value: before, error: expect.stringContaining('longer than 3 s') });
    await other.query('ROLLBACK');
    await until('it is read again', async () => (await store.axis.get()).error === null);
  });

  test('names what is not there, and a schema that is not set up', async () => {
    await expect(store.session('nobody', 0)).rejects.toMatchObject({ status: 404 });
    const bare = storeAt(schema.options.url, 'there_is_none');
    await expect(bare.find('x')).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('tidemark setup'),
    });
    await bare.close();
  });
});
