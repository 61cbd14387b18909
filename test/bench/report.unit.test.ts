import { describe, expect, test } from '@jest/globals';
import type { Measured } from '../../bench/report/measured.ts';
import { median, percentile, slope, Weighted } from '../../bench/report/statistics.ts';
import { measuredTable } from '../../bench/report/table.ts';

describe('statistics', () => {
  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (values, right) => {
    expect(median(values)).toBe(right);
  });

  test.each([
    [0.5, 50],
    [0.99, 99],
    [0.999, 100],
    [1, 100],
    [0, 1],
  ])('of 1 to 100, a share of %d does not exceed %d', (share, right) => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(values, share)).toBe(right);
    const weighted = new Weighted();
    for (const value of values) weighted.add(value);
    expect(weighted.percentile(share)).toBe(right);
  });

  test('a value counts as often as it weighs', () => {
    const weighted = new Weighted();
    weighted.add(10, 1);
    weighted.add(1, 98);
    weighted.add(5, 1);
    weighted.add(99, 0);
    expect([0.5, 0.98, 0.99, 1].map((share) => weighted.percentile(share))).toEqual([1, 1, 5, 10]);
    expect(weighted.count).toBe(100);
  });

  test('nothing has no percentile', () => {
    expect(() => percentile([], 0.5)).toThrow();
    expect(() => median([])).toThrow();
    expect(() => new Weighted().percentile(0.5)).toThrow();
  });

  test('a slope is by how much y rises as x rises by one', () => {
    expect(
      slope([
        [0, 1],
        [1, 3],
        [2, 5],
      ]),
    ).toBe(2);
    expect(
      slope([
        [0, 4],
        [10, 4],
      ]),
    ).toBe(0);
    expect(slope([[1, 4]])).toBe(0);
  });
});

const RUN: Measured = {
  name: 'tidemark',
  input: 2_000_000,
  seconds: 10,
  secondsFromStart: 12.5,
  cpu: { processor: 9, postgres: 5, broker: null },
  peak: 512 * 2 ** 20,
  visits: 200_055,
  events: 2_000_000,
  duplicates: 0,
  wrong: [],
  notes: {},
};

describe('the table', () => {
  const cells = (table: string, line: number) =>
    table
      .split('\n')
      [line]!.split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());

  test('gives rates and CPU per million events, and a dash for what was not measured', () => {
    expect(cells(measuredTable([RUN]), 2)).toEqual([
      'tidemark',
      '1',
      '200 k',
      '160 k',
      '4.50',
      '2.50',
      '—',
      '512',
      '200,055',
      '2,000,000',
      '0',
      'yes',
    ]);
  });

  test('gives the median and the range of runs of one name, in order of appearance', () => {
    const table = measuredTable([RUN, { ...RUN, name: 'other' }, { ...RUN, seconds: 20 }, { ...RUN, seconds: 8 }]);
    expect(cells(table, 2).slice(0, 3)).toEqual(['tidemark', '3', '200 k (100–250)']);
    expect(cells(table, 3)[0]).toBe('other');
  });

  test('does not pass a wrong answer over', () => {
    expect(cells(measuredTable([RUN, { ...RUN, wrong: ['visits: 1, and 2 is right'] }]), 2).at(-1)).toBe('NO (1 of 2)');
  });
});
