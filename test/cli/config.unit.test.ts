import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { KEYS, loadSettings } from '../../src/settings/index.ts';
import { tidemark } from './support/harness.ts';

const cwd = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(cwd, { recursive: true }));

const secrets = {
  DATABASE_URL: 'postgres://me:hunter2@db/tidemark',
  SCHEMA_REGISTRY_USERNAME: 'me',
  SCHEMA_REGISTRY_PASSWORD: 'hunter2',
  KAFKA_SASL_MECHANISM: 'plain',
  KAFKA_SASL_USERNAME: 'me',
  KAFKA_SASL_PASSWORD: 'hunter2',
  KAFKA_TLS: 'true',
  TIDEMARK_HTTP_TOKEN: 'hunter2-hunter2',
};

test('config prints every setting, its value and where it came from', async () => {
  writeFileSync(join(cwd, 'tidemark.yaml'), 'visit:\n  gap: 20m\n');
  const { code, out } = await tidemark(['config', '--set', 'http.port=0'], { cwd, env: { KAFKA_BROKERS: 'a:1,b:2' } });
  expect(code).toBe(0);
  const rows = new Map(
    out
      .trimEnd()
      .split('\n')
      .map((line) => [line.split(/ +/)[0], line.split(/ +/).slice(1)]),
  );
  expect([...rows.keys()]).toEqual(KEYS);
  expect(rows.get('visit.gap')).toEqual(['20m', 'tidemark.yaml:2']);
  expect(rows.get('kafka.brokers')).toEqual(['a:1,b:2', 'KAFKA_BROKERS']);
  expect(rows.get('http.port')).toEqual(['0', '--set']);
  expect(rows.get('visit.max_age')).toEqual(['30d', 'default']);
});

test('config --json is a settings file of the same settings', async () => {
  const { out } = await tidemark(['config', '--json'], { env: { TIDEMARK_VISIT_ENDING_TYPES: 'a,b', KAFKA_TLS: '1' } });
  const json = JSON.parse(out) as Record<string, { value: unknown; source: string }>;
  expect(json['visit.ending_types']).toEqual({
    value: ['a', 'b'],
    source: 'environment',
    where: 'TIDEMARK_VISIT_ENDING_TYPES',
  });
  const file = Object.fromEntries(Object.entries(json).map(([key, { value }]) => [key, value]));
  writeFileSync(join(cwd, 'again.yaml'), JSON.stringify(file));
  const again = loadSettings({ cwd, flags: { config: 'again.yaml' } });
  expect(again.settings).toEqual(
    loadSettings({ cwd: '/', env: { TIDEMARK_VISIT_ENDING_TYPES: 'a,b', KAFKA_TLS: '1' } }).settings,
  );
});

test.each([[], ['--json']])('no secret is printed %s', async (...argv) => {
  const { code, out, err } = await tidemark(['config', ...argv], { env: secrets });
  expect(code).toBe(0);
  expect(out).toContain('postgres://me:***@db/tidemark');
  expect(out + err).not.toContain('hunter2');
});

test('config --check prints no settings; warnings go to stderr; wrong settings exit 2', async () => {
  expect(await tidemark(['config', '--check'], { env: { TIDEMARK_HTTP_HOST: '0.0.0.0' } })).toEqual({
    code: 0,
    out: 'the settings can be used\n',
    err: expect.stringMatching(/warning: http\.host/),
  });
  const refused = await tidemark(['config', '--check'], { env: { TIDEMARK_VISIT_GAP: 'x', KAFKA_TLS: 'x' } });
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toMatch(/visit\.gap[\s\S]*|kafka\.tls/);
});
