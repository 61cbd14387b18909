import { describe, expect, test } from '@jest/globals';
import { noCounts } from '../../src/core/changes.ts';
import { setAsideCountsOf, setAsideSteps } from '../../src/postgres/set-aside.ts';

const HOUR = 3_600_000;
const none = setAsideCountsOf(noCounts());
const values = (...given: Parameters<typeof setAsideSteps>) => setAsideSteps(...given).map((step) => step.values);

describe('what a commit sets aside', () => {
  test('is added to the hour of the arrival clock, by reason, less what commits before it had', () => {
    const before = { ...none, late: 2, visitFull: 1 };
    const after = { ...none, late: 5, visitFull: 1, invalid: 1 };
    expect(values(3, before, after, 7 * HOUR + 123)).toEqual([
      [3, 7 * HOUR, 'late', 3],
      [3, 7 * HOUR, 'invalid', 1],
    ]);
    expect(values(3, none, { ...none, visitFull: 1 }, 0)).toEqual([[3, 0, 'visit_full', 1]]);
  });

  test('writes nothing where it is nothing', () => {
    expect(values(0, { ...none, late: 4 }, { ...none, late: 4 }, HOUR)).toEqual([]);
  });

  test.each([null, -1, Number.MAX_SAFE_INTEGER])('has an hour that Postgres takes for a clock at %s', (clock) => {
    const [[, hour]] = values(0, none, { ...none, late: 1 }, clock) as [[number, number]];
    expect([hour >= 0, hour < Date.UTC(10_000, 0), hour % HOUR]).toEqual([true, true, 0]);
  });
});
