import { describe, expect, test } from '@jest/globals';
import { TimeSlice } from '../../src/processor/time-slice.ts';
import type { Clock } from '../../src/time/clock.ts';

/** A clock that is set by hand and counts the looks at it. */
function handClock() {
  const clock = { time: 0, looks: 0 };
  const elapsed = () => {
    clock.looks += 1;
    return clock.time;
  };
  return { clock, real: { elapsed } as unknown as Clock };
}

/** @param takes ms that the i-th record takes. @returns longest stretch without a yield, yields and looks. */
function work(records: number, takes: (i: number) => number) {
  const { clock, real } = handClock();
  const timeSlice = new TimeSlice(real, 100);
  let since = 0;
  let longest = 0;
  let yields = 0;
  for (let i = 0; i < records; i++) {
    clock.time += takes(i);
    longest = Math.max(longest, clock.time - since);
    if (!timeSlice.recordDone()) continue;
    yields += 1;
    timeSlice.yielded();
    since = clock.time;
  }
  return { longest, yields, looks: clock.looks };
}

describe('when others have their turn', () => {
  test('after 100 ms of slow records, as soon as one ends', () => {
    const { longest, yields } = work(200, () => 30);
    expect(longest).toBe(120);
    expect(yields).toBe(50);
  });

  test('while records are quick the clock is looked at after one in sixteen', () => {
    const { looks, yields } = work(1_000, () => 0.004);
    expect(yields).toBe(0);
    expect(looks).toBeLessThan(70);
  });

  test('records that become slow without notice are late by sixteen of them at most', () => {
    const { longest } = work(1_000, (i) => (i < 500 ? 0.004 : 5));
    expect(longest).toBeLessThanOrEqual(100 + 16 * 5);
  });

  test('many quick records yield as well', () => {
    const { longest, yields } = work(10_000, () => 0.1);
    expect(yields).toBeGreaterThan(8);
    expect(longest).toBeLessThan(102);
  });
});
