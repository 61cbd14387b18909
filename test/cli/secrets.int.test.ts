import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { tidemark } from './support/harness.ts';

/** An address on which nothing listens. */
const NOWHERE = '127.0.0.1:1';
const SECRET = 'hunter2';

let registry: Server;
let refusing: string;
/** The credentials that the registry got. */
const given: (string | undefined)[] = [];
beforeAll(async () => {
  registry = createServer((request, response) => {
    given.push(request.headers.authorization);
    response.writeHead(401, { 'content-type': 'application/json' }).end('{"error_code":401,"message":"Unauthorized"}');
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  refusing = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
});
afterAll(() => {
  registry.close();
});

const env = (more: NodeJS.ProcessEnv = {}) => ({
  KAFKA_BROKERS: NOWHERE,
  KAFKA_SASL_MECHANISM: 'plain',
  KAFKA_SASL_USERNAME: 'me',
  KAFKA_SASL_PASSWORD: `${SECRET}-kafka`,
  SCHEMA_REGISTRY_URL: `http://me:${SECRET}-registry@${refusing}`,
  DATABASE_URL: `postgres://me:${SECRET}-postgres@${NOWHERE}/tidemark`,
  TIDEMARK_HTTP_TOKEN: `${SECRET}-http`,
  TIDEMARK_LOG_LEVEL: 'trace',
  ...more,
});

test.each([
  [['setup'], {}],
  [['setup', '--check'], {}],
  [['status'], {}],
  [['visit', '01a20a6e-deab-8f9d-8080-4b9348afc454'], {}],
  [['dead-letter', 'list'], {}],
  [['simulate', '--rate', '1', '--duration', '1s'], {}],
  [['status'], { DATABASE_URL: `postgres://me@${NOWHERE}/tidemark`, DATABASE_PASSWORD: SECRET }],
] as const)('%j, which reaches nobody, tells no secret at its lowest level of logging', async (argv, more) => {
  const { code, out, err } = await tidemark([...argv], { env: env(more) });
  expect(code).toBeGreaterThan(0);
  expect(err).toMatch(/127\.0\.0\.1:\d+/);
  expect(out + err).not.toContain(SECRET);
  expect(out + err).not.toContain(Buffer.from(`me:${SECRET}-registry`).toString('base64'));
});

test('a registry that refuses the password is reported without it', async () => {
  const { Registry } = await import('../../src/wire/registry.ts');
  const asked = new Registry({ url: `http://me:${SECRET}@${refusing}` }).latest('tracks-value');
  await expect(asked).rejects.toThrow('401');
  expect(given.at(-1)).toBe(`Basic ${Buffer.from(`me:${SECRET}`).toString('base64')}`);
  await expect(asked).rejects.not.toThrow(SECRET);
});
