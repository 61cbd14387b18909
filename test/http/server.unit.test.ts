import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { type HttpParts, httpApp, startHttp } from '../../src/http/server.ts';

const logger = pino({ level: 'silent' });
const settings = { host: '127.0.0.1', port: 0, token: null, tokenFile: null };
const parts = (given: Partial<HttpParts> = {}): HttpParts => ({
  live: () => null,
  ready: () => null,
  metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'tidemark_info 1\n' },
  ...given,
});
const get = (url: string, given: Partial<HttpParts> = {}, token: string | null = null, authorization?: string) =>
  httpApp({ ...settings, token }, parts(given), logger).inject({
    url,
    headers: authorization === undefined ? {} : { authorization },
  });

describe('health', () => {
  test('a processor that runs is live and ready', async () => {
    expect((await get('/livez')).statusCode).toBe(200);
    expect((await get('/readyz')).statusCode).toBe(200);
  });

  test('one that is taking over is live and not ready, and says why', async () => {
    const ready = () => 'partition 3 is taking over';
    expect((await get('/livez', { ready })).statusCode).toBe(200);
    const answer = await get('/readyz', { ready });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual({ status: 'no', reason: 'partition 3 is taking over' });
  });

  test('one that is not ready leads to the runbook, where its address is set', async () => {
    const given = { ready: () => 'why', runbook: 'https://wiki.example/OPERATIONS.md' };
    const runbook = 'https://wiki.example/OPERATIONS.md#health';
    expect((await get('/readyz', given)).json()).toEqual({ status: 'no', reason: 'why', runbook });
    expect((await get('/readyz', { ...given, ready: () => null })).json()).toEqual({ status: 'ok' });
    expect((await get('/readyz', { ...given, runbook: null })).json()).toEqual({ status: 'no', reason: 'why' });
  });

  test('one that gave up is not live', async () => {
    expect((await get('/livez', { live: () => 'gave up' })).statusCode).toBe(503);
  });
});

describe('access', () => {
  test('with a token, metrics ask for it and health does not', async () => {
    const token = 'a-long-token';
    expect((await get('/metrics', {}, token)).statusCode).toBe(401);
    expect((await get('/metrics', {}, token, 'Bearer a-long-tokeN')).statusCode).toBe(401);
    expect((await get('/metrics', {}, token, 'Basic a-long-token')).statusCode).toBe(401);
    expect((await get('/metrics', {}, token, 'Bearer a-long-token')).body).toBe('tidemark_info 1\n');
    expect((await get('/livez', {}, token)).statusCode).toBe(200);
    expect((await get('/readyz', {}, token)).statusCode).toBe(200);
  });

  test('with a token, only requests that bear it learn why a processor is not ready', async () => {
    const ready = () => 'waiting for Postgres (tidemark at db-7.internal)';
    const live = () => 'gave up: broker-3.internal refused the login';
    const token = 'a-long-token';
    for (const [url, why] of [
      ['/readyz', ready()],
      ['/livez', live()],
    ] as const) {
      const [stranger, known] = [
        await get(url, { ready, live }, token),
        await get(url, { ready, live }, token, `Bearer ${token}`),
      ];
      expect([stranger.statusCode, known.statusCode]).toEqual([503, 503]);
      expect(stranger.json()).toMatchObject({ status: 'no' });
      expect(stranger.body).not.toContain('internal');
      expect(known.json()).toEqual({ status: 'no', reason: why });
    }
  });

  test('a token in a file is the one that stands there now; while it cannot be read, nobody is let in', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'token-'));
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, 'first-token\n');
    let why: string | null = null;
    const app = httpApp({ ...settings, token: 'first-token', tokenFile }, parts({ ready: () => why }), logger);
    const status = async (token: string) =>
      (await app.inject({ url: '/metrics', headers: { authorization: `Bearer ${token}` } })).statusCode;
    expect(await status('first-token')).toBe(200);
    writeFileSync(tokenFile, 'second-token\n');
    expect([await status('first-token'), await status('second-token')]).toEqual([401, 200]);
    rmSync(directory, { recursive: true });
    expect(await status('second-token')).toBe(500);
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(200);
    why = 'waiting';
    expect((await app.inject({ url: '/readyz' })).statusCode).toBe(503);
  });

  test('without the token, a path that does not exist answers like one that does', async () => {
    expect((await get('/nothing', {}, 'a-long-token')).statusCode).toBe(401);
    expect((await get('/nothing')).statusCode).toBe(404);
  });

  test.each(['/livez', '/metrics', '/nothing'])('%s is neither kept nor sniffed', async (url) => {
    const { headers } = await get(url);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });

  test('nothing can be written', async () => {
    const app = httpApp(settings, parts(), logger);
    for (const method of ['POST', 'PUT', 'DELETE'] as const) {
      expect((await app.inject({ method, url: '/metrics' })).statusCode).toBe(404);
    }
  });

  test('a failure inside shows nothing of itself outside', async () => {
    const metrics = { contentType: '', text: () => Promise.reject(new Error('hunter2')) };
    const answer = await get('/metrics', { metrics });
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
  });
});

test('port 0 listens at a free port and says which', async () => {
  const server = await startHttp(settings, parts(), logger);
  try {
    expect(server.port).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  } finally {
    await server.close();
  }
});
