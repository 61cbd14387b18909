import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readSecret } from '../../src/secrets/secret.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'secret-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const setting = 'kafka.sasl.password';

test('a secret that is in no file is its value, or not set', () => {
  expect(readSecret({ setting, value: 'given', file: null })).toBe('given');
  expect(readSecret({ setting, value: null, file: null })).toBeNull();
});

test('a secret in a file is what stands there now, without the line break at its end', () => {
  const file = join(directory, 'changing');
  for (const content of ['first', 'second ']) {
    writeFileSync(file, `${content}\n`);
    expect(readSecret({ setting, value: 'at the start', file })).toBe(content);
  }
});

test.each([
  ['is not there', () => {}, /^kafka\.sasl\.password_file: the file \/.*\/secret cannot be read: ENOENT/],
  [
    'is empty',
    (file: string) => writeFileSync(file, '\n'),
    /^kafka\.sasl\.password_file: the file \/.*\/secret is empty$/,
  ],
] as const)('a file that %s is refused with setting and path', (_, prepare, message) => {
  const file = join(directory, 'secret');
  prepare(file);
  expect(() => readSecret({ setting, value: 'at the start', file })).toThrow(message);
});
