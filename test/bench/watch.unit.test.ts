import { describe, expect, test } from '@jest/globals';
import { figureTable } from '../../bench/report/lines.ts';
import { grown, type Sample } from '../../bench/run/sizes.ts';
import { Visible } from '../../bench/run/visible.ts';

describe('what is visible', () => {
  const sent = (partition: number, offset: number, records: number, appendTime: number) => ({
    partition,
    offset,
    records,
    appendTime,
  });

  test('is counted once, when the offset is past the last record of its batch', () => {
    const visible = new Visible();
    visible.sent([sent(0, 0, 10, 1_000), sent(1, 0, 5, 1_000), sent(0, 10, 10, 1_100)]);
    visible.seen(new Map([[0, 9]]), 1_500);
    expect(visible.delays.count).toBe(0);
    visible.seen(new Map([[0, 19]]), 1_600);
    expect([visible.delays.count, visible.delays.percentile(1)]).toEqual([10, 600]);
    visible.seen(
      new Map([
        [0, 20],
        [1, 5],
      ]),
      1_700,
    );
    visible.seen(
      new Map([
        [0, 20],
        [1, 5],
      ]),
      9_000,
    );
    expect([0.4, 0.8, 1].map((share) => visible.delays.percentile(share))).toEqual([600, 600, 700]);
    expect(visible.delays.count).toBe(25);
  });

  test('counts only what was appended while it was measured', () => {
    const visible = new Visible();
    visible.sent([sent(0, 0, 10, 1_000), sent(0, 10, 1, 2_000), sent(0, 11, 1, 3_000)]);
    visible.seen(new Map([[0, 12]]), 3_500, (at) => at >= 2_000 && at < 3_000);
    expect([visible.delays.count, visible.delays.percentile(1)]).toEqual([1, 1_500]);
  });

  test('is nothing to be told where the broker does not stamp', () => {
    const visible = new Visible();
    visible.sent([{ partition: 0, offset: 0, records: 1, appendTime: null }]);
    expect(() => visible.seen(new Map([[0, 1]]), 0)).toThrow('message.timestamp.type');
  });
});

describe('a long run', () => {
  const MB = 2 ** 20;
  const run = (change: (share: number) => Partial<Sample>): Sample[] =>
    Array.from({ length: 80 }, (_, i) => ({
      seconds: i,
      rss: 400 * MB,
      heap: 200 * MB,
      heapSize: 300 * MB,
      external: 50 * MB,
      working: 30 * MB,
      total: (30 + i) * MB,
      revisions: i * 1_000,
      ...change(i / 80),
    }));

  test('in which nothing grows but what is kept is fine', () => {
    expect(grown(run(() => ({})))).toEqual([]);
  });

  test('may begin small, and have peaks', () => {
    expect(
      grown(run((share) => ({ rss: (share < 0.15 ? 100 : share > 0.9 && share < 0.95 ? 900 : 400) * MB }))),
    ).toEqual([]);
  });

  test.each([
    ['memory', (share: number) => ({ rss: (400 + 200 * share) * MB })],
    [
      'tables of what is open',
      (share: number) => ({ working: (30 + 100 * share) * MB, total: (30 + 180 * share) * MB }),
    ],
    ['what a revision takes', (share: number) => ({ total: (30 + 80 * share * (1 + share)) * MB })],
  ])('in which %s grows is not', (_, change) => {
    expect(grown(run(change))).toHaveLength(1);
  });

  test('that was too short says nothing', () => {
    expect(() => grown(run(() => ({})).slice(0, 9))).toThrow('too few');
  });
});

test('a goal that is not met is not passed over', () => {
  const lines = figureTable([
    { what: 'a', value: 1_234.5, unit: 'ms', goal: 1_000 },
    { what: 'b', value: 0.01234, unit: 's', goal: 1 },
    { what: 'c', value: 3, unit: 's' },
  ]).split('\n');
  expect(lines[2]).toMatch(/a +\| 1,235 ms \| NOT MET: 1,000 ms/);
  expect(lines[3]).toMatch(/b +\| 0.0123 s \| +met: 1 s/);
  expect(lines[4]).toMatch(/c +\| +3 s \| +\|/);
});
