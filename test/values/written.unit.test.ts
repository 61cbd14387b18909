import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { written } from '../../scripts/values/written.ts';
import { RECORD } from '../../src/core/memory/record-size.gen.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { BLOCKS, CHOICES, FLAGS, INTEGERS, TIMES } from '../../src/core/memory/visit-layout.ts';
import { VisitTable } from '../../src/core/memory/visit-table.ts';
import { NAMED_VALUES, VALUE_GROUPS } from '../../src/core/rules/values.ts';
import { bareVisit } from '../support/bare-visit.ts';

const root = new URL('../../', import.meta.url);
const FILES = written();

test.each([...FILES.keys()])('%s is what `npm run values` writes', (path) => {
  expect(readFileSync(new URL(path, root), 'utf8')).toBe(FILES.get(path));
});

test('no file has a name as if it were written that is not', () => {
  const found = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' });
  expect(
    found
      .filter((path) => path.includes('.gen.'))
      .map((path) => `src/${path}`)
      .sort(),
  ).toEqual([...FILES.keys()].sort());
});

test('no field of a visit lies over another, or over the next visit', () => {
  const table = new VisitTable();
  const visits = [bareVisit(0, table), bareVisit(0, table), bareVisit(0, table)];
  const visit = visits[1]!;
  const numbers = [...TIMES, ...INTEGERS.filter(({ isProtected }) => !isProtected)].map(({ name }) => name);
  const references = [...VALUE_GROUPS.map(({ name }) => name), 'named', 'context', 'contextPage', 'contextUtm'];
  const values = new Map<string, unknown>([
    ...numbers.map((name, i) => [name, i + 1_000] as const),
    ...references.map((name, i) => [`${name}Ref`, i + 10] as const),
    ...FLAGS.map(({ name }) => [name, true] as const),
    ...CHOICES.map(({ name, of }) => [name, of.at(-1)] as const),
  ]);
  const read = (one: Visit) => [...values.keys()].map((name) => one[name as keyof Visit]);
  const [before, , after] = visits.map((one) => [one.id, ...read(one)]);
  for (const [name, value] of values) Object.assign(visit, { [name]: value });
  expect(Object.fromEntries([...values.keys()].map((name) => [name, visit[name as keyof Visit]]))).toEqual(
    Object.fromEntries(values),
  );
  expect([visits[0], visits[2]].map((one) => [one!.id, ...read(one!)])).toEqual([before, after]);
  const integers = BLOCKS.reduce((sum, { integers }) => sum + integers, 0);
  expect(RECORD).toBeGreaterThanOrEqual(TIMES.length * 2 + INTEGERS.length + 1 + integers + references.length / 2);
});

test('each value has a name and a label of its own', () => {
  const all = [...VALUE_GROUPS.flatMap(({ values }) => [...values]), ...NAMED_VALUES];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  expect(new Set(all.map(({ label }) => label)).size).toBe(all.length);
});
