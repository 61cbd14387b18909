import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KEYS, SETTINGS } from '../../src/settings/index.ts';
import { tidemark } from './support/harness.ts';

/** A text that every secret contains: no output may. */
const SECRET = 'hunter2';
const secrets = KEYS.filter((key) => SETTINGS[key].secret === true);

let cwd: string;
let file: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'secrets-'));
  file = join(cwd, 'secret');
  writeFileSync(file, `${SECRET}\n`);
});
afterAll(() => rmSync(cwd, { recursive: true }));

/** Settings that a secret cannot be used without. They do not contain it. */
const BESIDE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'kafka.tls_key_passphrase': {},
  'kafka.sasl.password': { KAFKA_TLS: 'true', KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'me' },
  'kafka.sasl.client_secret': {
    KAFKA_TLS: 'true',
    KAFKA_SASL_MECHANISM: 'oauthbearer',
    KAFKA_SASL_TOKEN_URL: 'https://login.example/token',
    KAFKA_SASL_CLIENT_ID: 'me',
  },
  'kafka.sasl.token': { KAFKA_TLS: 'true', KAFKA_SASL_MECHANISM: 'oauthbearer' },
  'registry.password': { SCHEMA_REGISTRY_USERNAME: 'me' },
  'registry.token': {},
  'registry.tls_key_passphrase': {},
  'database.password': {},
  'http.token': {},
};

/** A passphrase without a key is refused, and the error must not contain it either. */
const REFUSED = ['kafka.tls_key_passphrase'];

describe.each(secrets)('%s', (key) => {
  const { env: variable } = SETTINGS[key];
  const value = SECRET.repeat(3);

  test.each([
    ['in the environment', () => ({ env: { [variable]: value } })],
    ['in a file', () => ({ env: { [`${variable}_FILE`]: file } })],
    ['as a flag', () => ({ argv: ['--set', `${key}=${value}`] })],
  ])('is printed by no command, %s', async (_, given) => {
    const { env = {}, argv = [] } = given() as { env?: NodeJS.ProcessEnv; argv?: string[] };
    expect(BESIDE).toHaveProperty([key]);
    for (const command of [['config'], ['config', '--json'], ['config', '--check'], ['setup', '--print-grants']]) {
      const { code, out, err } = await tidemark([...command, ...argv], { cwd, env: { ...BESIDE[key], ...env } });
      expect([command, code]).toEqual([command, REFUSED.includes(key) ? 2 : 0]);
      expect(out + err).not.toContain(SECRET);
    }
  });

  test.each(['config', 'status'])('is not printed by %s when something else is wrong', async (command) => {
    const env = { ...BESIDE[key], [variable]: value, TIDEMARK_VISIT_GAP: 'x', TIDEMARK_LOG_LEVEL: 'trace' };
    const { code, out, err } = await tidemark([command], { cwd, env });
    expect(code).toBe(2);
    expect(err).toContain('visit.gap');
    expect(out + err).not.toContain(SECRET);
  });

  test('is not printed when it is misspelt', async () => {
    const { code, err } = await tidemark(['config', '--set', `${key}x=${value}`], { cwd });
    expect(code).toBe(2);
    expect(err).toContain(key);
    expect(err).not.toContain(SECRET);
  });
});

test.each(['DATABASE_URL', 'SCHEMA_REGISTRY_URL'])(
  'a password in %s is not told by a command that fails',
  async (name) => {
    const scheme = name === 'DATABASE_URL' ? 'postgres' : 'http';
    for (const address of [`${scheme}://me:${SECRET}@h:70000/x`, `${scheme}//me:${SECRET}@h/x`, `me:${SECRET}@h`]) {
      const { code, out, err } = await tidemark(['config'], { cwd, env: { [name]: address } });
      expect([address, code]).toEqual([address, 2]);
      expect(out + err).not.toContain(SECRET);
    }
  },
);
