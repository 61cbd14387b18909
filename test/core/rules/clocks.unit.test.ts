import { describe, expect, test } from '@jest/globals';
import { arrivalOf, isFuture, isPastHorizon, isUnstamped, watermarkOf } from '../../../src/core/rules/clocks.ts';
import { B, RULES } from './spans.ts';

const R = 1_000;

describe('what the rules compare with as the timestamp of a record', () => {
  test('is its timestamp where the broker stamped it, earlier than R or later', () => {
    for (const timestamp of [R - 1, R + 1]) {
      expect(arrivalOf(RULES, { timestamp, stamped: true }, R)).toBe(timestamp);
      expect(arrivalOf(RULES, { timestamp }, R)).toBe(timestamp);
    }
  });

  test('is R where the broker did not stamp it, and nothing before R is there', () => {
    expect(arrivalOf(RULES, { timestamp: R + 1, stamped: false }, R)).toBe(R);
    expect(arrivalOf(RULES, { timestamp: R + 1, stamped: false }, null)).toBeNull();
  });

  test('is its timestamp where producers are to stamp the records', () => {
    const rules = { ...RULES, appendTime: false };
    expect(isUnstamped(rules, { timestamp: R + 1, stamped: false })).toBe(false);
    expect(arrivalOf(rules, { timestamp: R + 1, stamped: false }, R)).toBe(R + 1);
  });
});

test('an event is in the future that lies more than the tolerance ahead', () => {
  expect(isFuture(RULES, RULES.futureTolerance)).toBe(false);
  expect(isFuture(RULES, RULES.futureTolerance + 1)).toBe(true);
});

test('an event is past the horizon with t < W − H', () => {
  expect(isPastHorizon(RULES, 10_000 - RULES.maxAge, 10_000)).toBe(false);
  expect(isPastHorizon(RULES, 10_000 - RULES.maxAge - 1, 10_000)).toBe(true);
});

test('W is E − B', () => {
  expect(watermarkOf(RULES, R)).toBe(R - B);
});
