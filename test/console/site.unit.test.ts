import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { openConsole } from '../../src/console/index.ts';
import { httpApp } from '../../src/http/server.ts';
import { loadSettings } from '../../src/settings/index.ts';

const SECRETS = {
  TIDEMARK_HTTP_TOKEN: 'hunter2-token',
  DATABASE_URL: 'postgres://me:hunter2@there-is-none.invalid/x',
  SCHEMA_REGISTRY_USERNAME: 'me',
  SCHEMA_REGISTRY_PASSWORD: 'hunter2',
};
const DATA = [
  'live',
  'visits',
  'visit?id=x',
  'session?id=x',
  'profile?id=x',
  'find?q=x',
  'dead-letters',
  'trends?span=hours',
  'settings',
];
const FILES = readdirSync(new URL('../../src/console/assets/', import.meta.url));

function app(env: NodeJS.ProcessEnv = {}) {
  const loaded = loadSettings({ env, cwd: '/' });
  const parts = {
    loaded,
    version: '1',
    reports: () => [],
    ready: () => null,
    state: 'memory',
    logger: pino({ level: 'silent' }),
  } as const;
  const { site } = openConsole(parts);
  const metrics = { contentType: 'text/plain', text: async () => 'x 1\n' };
  return httpApp(
    loaded.settings.http,
    { live: () => null, ready: () => null, metrics, site },
    pino({ level: 'silent' }),
  );
}

const get = (url: string, headers: Record<string, string> = {}, env: NodeJS.ProcessEnv = {}) =>
  app(env).inject({ url, headers });

describe('the page', () => {
  test.each([
    ['/', 'text/html; charset=utf-8'],
    ['/console/app.js', 'text/javascript; charset=utf-8'],
    ['/console/style.css', 'text/css; charset=utf-8'],
    ['/console/icon.svg', 'image/svg+xml'],
  ])('%s is served as what it is, and cannot be taken for anything else', async (url, type) => {
    const { statusCode, headers } = await get(url);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({ 'content-type': type, 'x-content-type-options': 'nosniff' });
  });

  test('every file is served, and what the page asks for is among them', async () => {
    const { body } = await get('/');
    const named = [...body.matchAll(/(?:href|src)="(\/console\/[^"]+)"/g)].map((match) => match[1]!);
    expect(named.length).toBeGreaterThan(2);
    const served = FILES.filter((file) => file !== 'index.html').map((file) => `/console/${file}`);
    for (const url of [...named, ...served]) expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
  });

  test.each(['/', '/console/app.js', '/console/settings'])(
    '%s may load, run, send and frame nothing of others',
    async (url) => {
      const { headers } = await get(url);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
    },
  );

  test('nothing in it needs what the policy forbids', async () => {
    const { body } = await get('/');
    expect(body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|https?:\/\//);
    for (const file of FILES.filter((name) => name.endsWith('.js'))) {
      const script = (await get(`/console/${file}`)).body;
      expect([
        file,
        script.match(/innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'/),
      ]).toEqual([file, null]);
    }
  });

  test('is asked for again each time, and not sent again while it is the same', async () => {
    const { headers } = await get('/console/app.js');
    expect(headers['cache-control']).toBe('no-cache');
    const again = await get('/console/app.js', { 'if-none-match': String(headers.etag) });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test.each([
    '/console/',
    '/console/../index.ts',
    '/console/%2e%2e/index.ts',
    '/console/..%2findex.ts',
    '/console/app.js/../../store.ts',
  ])('no other file can be had: %s', async (url) => {
    expect((await get(url)).statusCode).toBe(404);
  });
});

describe('data of the console', () => {
  test.each(DATA)('%s wants the token where one is set, and the page does not', async (name) => {
    expect((await get(`/console/${name}`, {}, SECRETS)).statusCode).toBe(401);
    expect((await get(`/console/${name}`, { authorization: 'Bearer hunter2-tokem' }, SECRETS)).statusCode).toBe(401);
    expect((await get(`/console/${name}`, { authorization: 'Bearer hunter2-token' }, SECRETS)).statusCode).not.toBe(
      401,
    );
    expect((await get('/', {}, SECRETS)).statusCode).toBe(200);
  });

  test.each(DATA)('%s is not kept by anybody, and cannot be written', async (name) => {
    const { headers } = await get(`/console/${name}`);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      expect((await app().inject({ method, url: `/console/${name}` })).statusCode).toBe(404);
    }
  });

  test('settings come with where they are from, and without secrets', async () => {
    const { body } = await get('/console/settings', { authorization: 'Bearer hunter2-token' }, SECRETS);
    const { settings } = JSON.parse(body) as { settings: { key: string; value: string; where: string }[] };
    expect(settings.find(({ key }) => key === 'database.url')).toMatchObject({
      value: 'postgres://me:***@there-is-none.invalid/x',
      where: 'DATABASE_URL',
    });
    expect(body).not.toContain('hunter2');
  });

  test('without Postgres partitions are there, and what only Postgres knows is refused with the reason', async () => {
    expect((await get('/console/live')).json()).toMatchObject({
      store: { kind: 'memory' },
      partitions: [],
      visits: [],
    });
    const answer = await get('/console/visit?id=x');
    expect([answer.statusCode, answer.json()]).toEqual([503, { error: expect.stringContaining('in memory') }]);
  });

  test.each([
    'visit',
    'visit?id=',
    `visit?id=${'x'.repeat(257)}`,
    'find?q=%00',
    'session?id=x&offset=-1',
    'session?id=x&offset=1e9',
    'visits?partition=x',
    'trends',
    'trends?span=constructor',
  ])('what cannot be an id or a place is refused before anybody is asked: %s', async (name) => {
    const { statusCode } = await get(`/console/${name}`);
    expect(statusCode).toBe(400);
  });
});

describe('a foreign page that has its name resolve to this machine', () => {
  const foreign = { host: 'evil.example:9464' };
  const wide = { TIDEMARK_HTTP_HOST: '0.0.0.0' };
  const read = async (host: string, env = {}) => (await get('/console/live', { host }, env)).statusCode;

  test('reads nothing of a console that is for this machine alone', async () => {
    for (const url of ['/', '/console/live', '/console/settings'])
      expect((await get(url, foreign)).statusCode).toBe(403);
  });

  test('is distinguished from requests by an address or by localhost', async () => {
    for (const host of [
      '127.0.0.1:9464',
      'localhost:9464',
      'LOCALHOST',
      '[::1]:9464',
      'tidemark.localhost',
      '10.1.2.3',
    ]) {
      expect([host, await read(host)]).toEqual([host, 200]);
    }
    for (const host of ['localhost.evil.example', '127.0.0.1.evil.example', 'evil.example.']) {
      expect([host, await read(host)]).toEqual([host, 403]);
    }
  });

  test('names are no matter for metrics and health, with a token, or where others may come', async () => {
    for (const url of ['/metrics', '/livez', '/readyz']) expect((await get(url, foreign)).statusCode).toBe(200);
    expect(await read('console.example', wide)).toBe(200);
    const authorization = 'Bearer hunter2-token';
    expect((await get('/console/live', { ...foreign, authorization }, SECRETS)).statusCode).toBe(200);
  });
});
