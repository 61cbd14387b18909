import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { settingsMarkdown } from '../../src/settings/docs.ts';
import { fromEnvironment } from '../../src/settings/given.ts';
import { hidePassword, KEYS, loadSettings, printable, SETTINGS, valueAt } from '../../src/settings/index.ts';
import type { AnySetting } from '../../src/settings/setting.ts';

const declared: [string, AnySetting][] = KEYS.map((key) => [key, SETTINGS[key]]);

describe('the declaration', () => {
  test('docs/SETTINGS.md follows from it; `npm run docs:settings` writes it', () => {
    expect(readFileSync(new URL('../../docs/SETTINGS.md', import.meta.url), 'utf8')).toBe(settingsMarkdown());
  });

  test('no two settings share a variable or a flag', () => {
    const names = declared.flatMap(([, { env, flag }]) => [env, ...(flag === null ? [] : [flag])]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('all of visit and input and output.debug decide, and nothing else does', () => {
    const decides = (key: string) => /^(visit|input)\./.test(key) || key === 'output.debug';
    expect(declared.filter(([, { change }]) => change === 'replay').map(([key]) => key)).toEqual(KEYS.filter(decides));
  });

  test.each(declared)('%s: what is printed for a default reads back as the same value', (key, setting) => {
    const value = valueAt(loadSettings({ cwd: '/' }).settings, key);
    if (value !== null) expect(setting.type.schema.parse(setting.type.format(value))).toEqual(value);
  });

  // The program refuses a variable TIDEMARK_* that it does not know, and runs in the environment of the tests.
  test('what tests, scripts and CI ask the environment for stops no program', () => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const files = ['test', 'scripts', 'bench', '.ci'].flatMap((directory) =>
      readdirSync(join(root, directory), { recursive: true, encoding: 'utf8' }).map((file) =>
        join(root, directory, file),
      ),
    );
    const asked = files
      .filter((file) => /\.(ts|mjs|sh)$|\.ci\/run$/.test(file))
      .flatMap((file) => readFileSync(file, 'utf8').match(/(?<=env\.|env\[[`']|\bexport .*)TIDEMARK_\w+/g) ?? []);
    expect(asked).toContain('TIDEMARK_TEST_CLUSTER');
    expect(fromEnvironment(Object.fromEntries(asked.map((name) => [name, ''])), root).problems).toEqual([]);
  });

  test('variables have the names that the contract gives', () => {
    expect(
      declared.filter(([, { env }]) => !env.startsWith('TIDEMARK_')).map(([key, { env }]) => `${key} ${env}`),
    ).toEqual([
      'kafka.brokers KAFKA_BROKERS',
      'kafka.client_id KAFKA_CLIENT_ID',
      'kafka.tls KAFKA_TLS',
      'kafka.tls_ca KAFKA_TLS_CA',
      'kafka.tls_cert KAFKA_TLS_CERT',
      'kafka.tls_key KAFKA_TLS_KEY',
      'kafka.tls_key_passphrase KAFKA_TLS_KEY_PASSPHRASE',
      'kafka.tls_key_passphrase_file KAFKA_TLS_KEY_PASSPHRASE_FILE',
      'kafka.sasl.mechanism KAFKA_SASL_MECHANISM',
      'kafka.sasl.username KAFKA_SASL_USERNAME',
      'kafka.sasl.password KAFKA_SASL_PASSWORD',
      'kafka.sasl.password_file KAFKA_SASL_PASSWORD_FILE',
      'kafka.sasl.token_url KAFKA_SASL_TOKEN_URL',
      'kafka.sasl.token_ca KAFKA_SASL_TOKEN_CA',
      'kafka.sasl.client_id KAFKA_SASL_CLIENT_ID',
      'kafka.sasl.client_secret KAFKA_SASL_CLIENT_SECRET',
      'kafka.sasl.client_secret_file KAFKA_SASL_CLIENT_SECRET_FILE',
      'kafka.sasl.scope KAFKA_SASL_SCOPE',
      'kafka.sasl.token_parameters KAFKA_SASL_TOKEN_PARAMETERS',
      'kafka.sasl.token KAFKA_SASL_TOKEN',
      'kafka.sasl.token_file KAFKA_SASL_TOKEN_FILE',
      'kafka.sasl.extensions KAFKA_SASL_EXTENSIONS',
      'kafka.sasl.aws_region KAFKA_SASL_AWS_REGION',
      'kafka.client_rack KAFKA_CLIENT_RACK',
      'registry.url SCHEMA_REGISTRY_URL',
      'registry.username SCHEMA_REGISTRY_USERNAME',
      'registry.password SCHEMA_REGISTRY_PASSWORD',
      'registry.password_file SCHEMA_REGISTRY_PASSWORD_FILE',
      'registry.token SCHEMA_REGISTRY_TOKEN',
      'registry.token_file SCHEMA_REGISTRY_TOKEN_FILE',
      'registry.tls_ca SCHEMA_REGISTRY_TLS_CA',
      'registry.tls_cert SCHEMA_REGISTRY_TLS_CERT',
      'registry.tls_key SCHEMA_REGISTRY_TLS_KEY',
      'registry.tls_key_passphrase SCHEMA_REGISTRY_TLS_KEY_PASSPHRASE',
      'registry.tls_key_passphrase_file SCHEMA_REGISTRY_TLS_KEY_PASSPHRASE_FILE',
      'database.url DATABASE_URL',
      'database.password DATABASE_PASSWORD',
      'database.password_file DATABASE_PASSWORD_FILE',
    ]);
    expect(SETTINGS['dead_letter.topic'].env).toBe('TIDEMARK_DEAD_LETTER_TOPIC');
    expect(SETTINGS['kafka.group'].env).toBe('TIDEMARK_KAFKA_GROUP');
  });
});

describe('secrets', () => {
  test('a secret is never printed, and whether it is set still shows', () => {
    expect(printable(SETTINGS['http.token'], 'long-enough')).toBe('***');
    expect(printable(SETTINGS['http.token'], null)).toBe('');
  });

  test.each([
    ['postgres://u:hunter2@h:5432/d', 'postgres://u:***@h:5432/d'],
    ['postgres://h/d?user=u&password=hunter2', 'postgres://h/d?user=u&password=***'],
    ['postgres://h/d', 'postgres://h/d'],
    ['not a url: hunter2', '***'],
  ])('%s is printed as %s', (url, shown) => {
    expect(hidePassword(url)).toBe(shown);
  });
});
