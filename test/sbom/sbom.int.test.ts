import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { ALLOWED, shippedIn } from './support/licences.ts';

interface Component {
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly unknown[];
  readonly licenses?: readonly { readonly license?: { readonly id?: string } }[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name: string) => JSON.parse(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8'));

test('the bill of materials names each package that is shipped, and no other, with version, hash and licence', () => {
  const text = execFileSync(process.execPath, ['scripts/sbom.mjs', '-'], { cwd: root, encoding: 'utf8' });
  const { bomFormat, metadata, components } = JSON.parse(text) as {
    bomFormat: string;
    metadata: { component: { name: string; version: string } };
    components: Component[];
  };
  const { name, version, dependencies } = read('package.json');
  expect(bomFormat).toBe('CycloneDX');
  expect(metadata.component).toMatchObject({ name, version });
  const named = components.map((component) => `${component.name}@${component.version}`);
  expect(named.sort()).toEqual([...shippedIn(read('package-lock.json').packages).keys()].sort());
  const names = components.map((component) => component.name);
  for (const dependency of Object.keys(dependencies)) expect(names).toContain(dependency);
  for (const { purl, hashes, licenses } of components) {
    expect(purl).toMatch(/^pkg:npm\//);
    expect([purl, hashes?.length]).toEqual([purl, 1]);
    expect([purl, licenses?.every(({ license }) => ALLOWED.has(license?.id ?? 'none'))]).toEqual([purl, true]);
  }
});
