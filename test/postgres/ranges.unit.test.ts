import { expect, test } from '@jest/globals';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import { monthOf, Ranges } from '../../src/postgres/ranges.ts';
import { idAt } from './support/builders.ts';

test('each month that an id needs is missing once, until it is made, and again when all is forgotten', () => {
  const ranges = new Ranges();
  const border = Date.UTC(2026, 11, 1);
  const needed = (...times: number[]): string[] => {
    const missing = ranges.missing();
    for (const ms of times) missing.need(new PackedId().set(idAt(ms)));
    return missing.found.map(({ name }) => name);
  };
  expect(needed()).toEqual([]);
  expect(needed(border - 1, border, border - 1, border + 1)).toEqual(['2026_11', '2026_12']);
  ranges.markMade([monthOf(border)]);
  expect(needed(border, border - 1, border)).toEqual(['2026_11']);
  ranges.markMade([monthOf(border - 1)]);
  expect(needed(border, border - 1, 0, 2 ** 48 - 1)).toEqual(['1970_01', '10889_08']);
  ranges.clear();
  expect(needed(border)).toEqual(['2026_12']);
});
