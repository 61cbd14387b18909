import { describe, expect, test } from '@jest/globals';
import { amends, openedBefore, seals } from '../../../src/core/rules/acceptance.ts';
import { decidedAt } from '../../../src/core/rules/ending.ts';
import { ended, RULES, span } from './spans.ts';

describe('an event amends', () => {
  test('an ended visit, whatever its time', () => {
    expect(amends(ended(900, 1_000), 1_000, 900)).toBe(true);
    expect(amends(ended(900, 1_000), 1_000, null)).toBe(true);
  });

  test('an open visit that was published before, with t < W', () => {
    const reopened = span(900, 1_000, { published: 1 });
    expect(amends(reopened, 999, 1_000)).toBe(true);
    expect(amends(reopened, 1_000, 1_000)).toBe(false);
    expect(amends(reopened, 999, null)).toBe(false);
  });

  test('no visit that was never published', () => {
    expect(amends(span(900, 1_000), 1, 1_000)).toBe(false);
  });
});

describe('an event seals its visit', () => {
  const visit = span(900, 1_000);

  test.each(['sign-out', 'visit-ended'])('where it is of an ending type: %s', (type) => {
    expect(seals(RULES, visit, { t: 1_000, type })).toBe(true);
  });

  test('but not where it is of another type', () => {
    expect(seals(RULES, visit, { t: 1_000, type: 'page-view' })).toBe(false);
  });

  test('with no event of a greater t in the visit', () => {
    expect(seals(RULES, visit, { t: 999, type: 'sign-out' })).toBe(false);
  });

  test('once: the first reason stays', () => {
    expect(seals(RULES, { ...visit, seal: 'max_events' }, { t: 1_000, type: 'sign-out' })).toBe(false);
  });
});

test('in a merge the visit that was opened first in the log survives, by offset and then by index', () => {
  const at = (openedOffset: number, openedIndex: number) => ({ openedOffset, openedIndex });
  expect(openedBefore(at(1, 5), at(2, 0))).toBe(true);
  expect(openedBefore(at(2, 0), at(1, 5))).toBe(false);
  expect(openedBefore(at(2, 0), at(2, 1))).toBe(true);
  expect(openedBefore(at(2, 1), at(2, 1))).toBe(false);
});

test('an end is decided at the highest of R and the due point + 1 ms', () => {
  expect(decidedAt(1_000, 1_000)).toBe(1_001);
  expect(decidedAt(1_000, 1_001)).toBe(1_001);
  expect(decidedAt(1_000, 2_000)).toBe(2_000);
  expect(decidedAt(1_000, Number.NEGATIVE_INFINITY)).toBe(1_001);
});
