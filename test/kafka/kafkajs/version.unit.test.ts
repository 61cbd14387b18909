import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from '@jest/globals';
import { WRITTEN_FOR } from '../../../src/kafka/kafkajs/version.ts';

const ROOT = new URL('../../../', import.meta.url);
const FOLDER = new URL('src/kafka/kafkajs/', ROOT);

test('KafkaJS is the version that its patches were written for: before it is raised, each of them is looked at', () => {
  const { version } = createRequire(import.meta.url)('kafkajs/package.json') as { readonly version: string };
  expect(version).toBe(WRITTEN_FOR);
});

describe('a file that changes or uses the inside of KafkaJS', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
  const inside = files.filter((file) => read(file).includes("'kafkajs/src/"));
  const knowing = [...inside, 'broker-list.ts', 'link.ts', 'logging.ts'];

  test.each(knowing)('says at its head for which version, and which test holds it: %s', (file) => {
    const head = /\/\*\*.*?\*\//s.exec(read(file))?.[0].replace(/\s*\n \*\s*/g, ' ') ?? '';
    expect(head).toContain(`Written for KafkaJS ${WRITTEN_FOR}`);
    const tests = [...head.matchAll(/test\/[\w/.-]+\.test\.ts/g)].map(([path]) => path);
    expect(tests).not.toEqual([]);
    expect(tests.filter((path) => !existsSync(new URL(path, ROOT)))).toEqual([]);
  });
});

function read(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}
