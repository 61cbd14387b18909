import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer as plainServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, createServer, connect as secure, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Authority, whyNoCertificates } from '../../src/local/authority.ts';
import { until } from '../support/until.ts';
import { opened, openedPostgres, type Papers } from './door.ts';
import { TcpProxy } from './proxy.ts';
import type { WatchFactory } from './watch.ts';

const why = await whyNoCertificates(process.env);
const testTls = why === null ? test : test.skip;
let directory: string;
let papers: Papers;
let server: Server | null = null;
let proxy: TcpProxy | null = null;
const seen: string[] = [];
const watch: WatchFactory = () => ({
  underWay: new Set(),
  up: (chunk) => seen.push(`up ${chunk}`),
  down: (chunk) => seen.push(`down ${chunk}`),
});

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tidemark-proxy-'));
  if (why !== null) return;
  const authority = await Authority.make(directory, process.env);
  const { cert, key } = await authority.issue({ name: 'localhost' });
  papers = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(authority.file) };
});

afterEach(() => {
  proxy?.close();
  server?.close();
  seen.length = 0;
});

afterAll(() => rm(directory, { recursive: true }));

/** Answers each chunk with itself, in capitals. */
function echo(socket: Socket): void {
  socket.on('data', (chunk) => socket.write(String(chunk).toUpperCase()));
  socket.on('error', () => {});
}

async function behind(of: Server): Promise<number> {
  server = of;
  of.listen(0, '127.0.0.1');
  await once(of, 'listening');
  return (of.address() as AddressInfo).port;
}

function said(socket: Socket, text: string): Promise<string> {
  const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))));
  socket.write(text);
  return answer;
}

testTls(
  'bytes pass sealed, and are read where TLS ends at the proxy; both ends see the certificates that hold',
  async () => {
    const port = await behind(createServer({ cert: papers.cert, key: papers.key }, echo));
    for (const [door, read] of [
      [undefined, false],
      [opened(() => papers), true],
    ] as const) {
      proxy = await TcpProxy.listen(watch, door);
      proxy.leadTo(port);
      const client = secure({ host: '127.0.0.1', port: proxy.port, ca: papers.ca });
      client.on('error', () => {});
      await once(client, 'secureConnect');
      expect(await said(client, 'hello')).toBe('HELLO');
      expect(seen.includes('up hello') && seen.includes('down HELLO')).toBe(read);
      const closed = new Promise((resolve) => client.once('close', resolve));
      proxy.cut();
      await closed;
      proxy.close();
    }
  },
);

testTls('with Postgres, TLS is asked for first, and then ends at the proxy', async () => {
  const context = createSecureContext({ cert: papers.cert, key: papers.key });
  const asking = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
  const postgres = plainServer((socket) => {
    socket.once('data', (chunk) => {
      expect(chunk).toEqual(asking);
      socket.write('S');
      echo(new TLSSocket(socket, { isServer: true, secureContext: context }));
    });
    socket.on('error', () => {});
  });
  proxy = await TcpProxy.listen(
    watch,
    openedPostgres(() => papers),
  );
  proxy.leadTo(await behind(postgres));
  const plain = connect(proxy.port, '127.0.0.1');
  plain.write(asking);
  const [letter] = await once(plain, 'data');
  expect(String(letter)).toBe('S');
  const client = secure({ socket: plain, host: '127.0.0.1', ca: papers.ca });
  await once(client, 'secureConnect');
  expect(await said(client, 'select')).toBe('SELECT');
  expect(seen).toEqual(['up select', 'down SELECT']);
  client.destroy();
});

test('what is held passes later, and a connection is cut once it is past its limit', async () => {
  proxy = await TcpProxy.listen(watch);
  proxy.leadTo(await behind(plainServer(echo)));
  const client = connect(proxy.port, '127.0.0.1');
  client.on('error', () => {});
  expect(await said(client, 'a')).toBe('A');
  proxy.hold(false, true);
  const answer = once(client, 'data');
  client.write('b');
  await until('it has come', () => seen.includes('up b'));
  expect(seen).toEqual(['up a', 'down A', 'up b']);
  proxy.hold(false, false);
  expect(String(await answer)).toBe('B');
  proxy.limit({ of: 'client', bytes: 4 });
  const limited = connect(proxy.port, '127.0.0.1');
  limited.on('error', () => {});
  expect(await said(limited, 'abc')).toBe('ABC');
  const closed = new Promise((resolve) => limited.once('close', resolve));
  limited.write('d');
  await closed;
  expect(await said(client, 'e')).toBe('E');
});
