import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { checkRegistry } from '../../src/cli/registry-check.ts';
import { CannotGoOn } from '../../src/ports/errors.ts';
import { loadSettings } from '../../src/settings/index.ts';

let status: number;
let asked: number;
let server: Server;
let url: string;

beforeEach(async () => {
  asked = 0;
  server = createServer((_, response) => {
    asked += 1;
    response.statusCode = status;
    response.end('{"error_code":0,"message":"said"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function check(env: NodeJS.ProcessEnv = {}): Promise<string> {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(line) });
  await checkRegistry(loadSettings({ cwd: '/', env: { SCHEMA_REGISTRY_URL: url, ...env } }).settings, logger);
  return lines.join('');
}

test.each([401, 403])('a registry that answers %d ends the start, with the setting to correct', async (refusal) => {
  status = refusal;
  await expect(check()).rejects.toThrow(CannotGoOn);
  await expect(check()).rejects.toThrow(
    /said; .*correct registry\.username and registry\.password, or registry\.token/,
  );
});

test('one that is away does not: it is reported, and records of new schemas will wait', async () => {
  status = 503;
  expect(await check()).toMatch(/503: said.*gives no answer/);
});

test('where no schema is needed nothing is asked', async () => {
  status = 401;
  expect(await check({ TIDEMARK_INPUT_FORMAT: 'json' })).toBe('');
  expect(asked).toBe(0);
});
