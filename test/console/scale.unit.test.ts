import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
// @ts-expect-error what browsers get has no types
import { domainOf, pack, Scale, ticksOf } from '../../src/console/assets/scale.js';

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
