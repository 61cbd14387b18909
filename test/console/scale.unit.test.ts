import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
// @ts-expect-error what browsers get has no types
import * as scaling from '../../src/console/assets/scale.js';

const { clockStep, domainOf, pack, partsOf, roundStep, Scale, ticksOf, valuesTo } = scaling;

const rules = { gap: 1_800_000, outOfOrderness: 60_000, arrivalGrace: 10_000 };
const now = Date.UTC(2026, 10, 23, 12);

interface Span {
  readonly key: number;
  readonly from: number;
  readonly to: number;
}

describe('the time axis', () => {
  test('holds now, and the due point of a visit that begins now', () => {
    const { from, to, follows } = domainOf({ now, clocks: [now - 100, null], rules });
    expect(from).toBeLessThan(now);
    expect(to).toBeGreaterThan(now + rules.gap + rules.outOfOrderness + rules.arrivalGrace);
    expect(follows).toBe('now');
  });

  test('stands where the log is when it is far behind the clock on the wall', () => {
    const newest = now - 86_400_000;
    const { from, to, follows } = domainOf({ now, clocks: [newest - 5_000, newest], rules });
    expect([from < newest, newest < to, to < now, follows]).toEqual([true, true, true, 'log']);
  });

  test('begins at now while no record was folded', () => {
    const { from, to } = domainOf({ now, clocks: [null, null], rules });
    expect([from < now, now < to]).toEqual([true, true]);
  });

  test('marks round moments of the zone shown, with room between them', () => {
    const zones = fc.constantFrom(0, 60, -210, 345);
    const spans = fc.integer({ min: 1_000, max: 10 ** 9 });
    const widths = fc.integer({ min: 200, max: 2_000 });
    fc.assert(
      fc.property(spans, widths, zones, (span, width, offset) => {
        const scale = new Scale({ from: now, to: now + span }, width);
        const { ticks, step } = ticksOf(scale, 80, offset) as { ticks: number[]; step: number };
        for (const [i, t] of ticks.entries()) {
          expect((t + offset * 60_000) % step).toBe(0);
          expect(t >= scale.from && t <= scale.to).toBe(true);
          if (i > 0) expect(scale.x(t) - scale.x(ticks[i - 1]!)).toBeGreaterThanOrEqual(79.999);
        }
      }),
    );
  });
});

describe('bars of a lane', () => {
  const spans = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 200 })), { maxLength: 40 })
    .map((all) => all.map(([from, wide], key): Span => ({ key, from, to: from + wide })));

  test('of one row touch nowhere; all are placed or counted', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 8 }), (all, rows) => {
        const { placed, left } = pack(all, rows) as { placed: Map<number, number>; left: number };
        expect(placed.size + left).toBe(all.length);
        for (const a of all) {
          for (const b of all) {
            if (a.key >= b.key || !placed.has(a.key) || placed.get(a.key) !== placed.get(b.key)) continue;
            expect(a.to <= b.from || b.to <= a.from).toBe(true);
          }
        }
      }),
    );
  });

  test('stay in their row while others come and go', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 2, max: 8 }), (all, rows) => {
        const first = pack(all, rows) as { placed: Map<number, number> };
        const stay = all.filter(({ key }) => first.placed.has(key) && key % 2 === 0);
        const come = all.map((span) => ({ ...span, key: span.key + 1_000 }));
        const second = pack([...come, ...stay], rows, (key: number) => first.placed.get(key)) as typeof first;
        for (const { key } of stay) expect(second.placed.get(key)).toBe(first.placed.get(key));
      }),
    );
  });
});

describe('values of a chart', () => {
  const steps = { counts: (least: number) => roundStep(least, true), shares: roundStep, times: clockStep };

  test.each(Object.keys(steps) as (keyof typeof steps)[])(
    '%s: begin at 0, hold the highest, and are few and even',
    (kind) => {
      fc.assert(
        fc.property(fc.oneof(fc.double({ min: 0.001, max: 10, noNaN: true }), fc.nat({ max: 2 ** 40 })), (most) => {
          const values = valuesTo(most, 4, steps[kind]) as number[];
          expect(values[0]).toBe(0);
          expect(values.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9));
          expect(values.at(-2)).toBeLessThan(Math.max(most, 1e-9));
          expect([values.length >= 2, values.length <= 6]).toEqual([true, true]);
          if (kind === 'counts') expect(values.every(Number.isInteger)).toBe(true);
        }),
      );
    },
  );

  test('times are round on a clock, counts in tens', () => {
    expect(valuesTo(3_000, 4, clockStep)).toEqual([0, 900, 1_800, 2_700, 3_600]);
    expect(valuesTo(7, 4, steps.counts)).toEqual([0, 2, 4, 6, 8]);
    expect(valuesTo(0, 4, steps.counts)).toEqual([0, 1]);
  });

  test('parts of a span end with the one that is not over, and begin in UTC', () => {
    const parts = partsOf({ step: 3_600_000, parts: 24 }, now + 1_234) as number[];
    expect([parts.length, parts.at(-1), parts[0]]).toEqual([24, now, now - 23 * 3_600_000]);
  });
});
