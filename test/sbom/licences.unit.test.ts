import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ALLOWED, shippedIn } from './support/licences.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const shipped = shippedIn(JSON.parse(read('package-lock.json')).packages);
/** Its package.json names no licence. */
const REGISTRY_CLIENT = '@kafkajs/confluent-schema-registry';

test('each package that is shipped is under a licence that asks nothing of the whole', () => {
  expect(shipped.size).toBeGreaterThan(50);
  const other = [...shipped].filter(
    ([name, { license }]) => !name.startsWith(`${REGISTRY_CLIENT}@`) && !ALLOWED.has(license ?? 'none'),
  );
  expect(other.map(([name, { license }]) => `${name}: ${license}`)).toEqual([]);
});

test('the registry client, which names no licence, comes with that of MIT', () => {
  expect([...shipped].find(([name]) => name.startsWith(`${REGISTRY_CLIENT}@`))?.[1].license).toBeUndefined();
  expect(read(`node_modules/${REGISTRY_CLIENT}/LICENSE`)).toMatch(/^MIT License\n/);
});

test('no package that is shipped runs a script when it is installed, but for those that are known', () => {
  const scripts = [...shipped].filter(([, { hasInstallScript }]) => hasInstallScript).map(([name]) => name);
  // protobufjs's script compares versions and prints a hint. The image does not run it: `--ignore-scripts`.
  expect(scripts.map((name) => name.slice(0, name.lastIndexOf('@')))).toEqual(['protobufjs']);
});
