import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { NODE_VERSIONS, whyNotOn } from '../../src/cli/node-version.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));

test.each(['18.20.8', '20.19.5', '21.7.3', '22.0.0', '22.14.0', '23.0.0', '23.7.0'])('%s is refused', (version) => {
  expect(whyNotOn(version)).toContain(`this is Node.js ${version}, and 22.15 or later is needed`);
});

test.each(['22.15.0', '22.22.1', '23.8.0', '23.11.1', '24.0.0', '26.10.0', '100.0.0'])('%s is taken', (version) => {
  expect(whyNotOn(version)).toBeNull();
});

test('npm gets the same versions', () => {
  expect(read('package.json').engines).toEqual({ node: NODE_VERSIONS });
  expect(read('package-lock.json').packages[''].engines).toEqual({ node: NODE_VERSIONS });
});
