import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { amendableUntil, duePoint, earliestDue, isFrozen, watermarkToPass } from '../../../src/core/rules/ending.ts';
import type { Seal } from '../../../src/core/rules/span.ts';
import { A, B, ended, G, L, RULES, span } from './spans.ts';

const END = 1_000;
const ARRIVED = 1_200;
const visit = span(900, END, { lastArrival: ARRIVED });

describe('a visit is due', () => {
  test('at last arrival + A once W > its last event + G', () => {
    expect(duePoint(RULES, visit, END + G + 1)).toBe(ARRIVED + A);
  });

  test('until then at last arrival + G + B + A', () => {
    expect(duePoint(RULES, visit, END + G)).toBe(ARRIVED + G + B + A);
    expect(duePoint(RULES, visit, null)).toBe(ARRIVED + G + B + A);
  });

  test.each<Seal>(['explicit', 'max_duration', 'max_events'])('without the gap where it is sealed: %s', (seal) => {
    const sealed = { ...visit, seal };
    expect(duePoint(RULES, sealed, END + 1)).toBe(ARRIVED + A);
    expect(duePoint(RULES, sealed, END)).toBe(ARRIVED + B + A);
  });

  test('later with each time that it was published: the grace is A·2ⁿ', () => {
    const soonest = (published: number) => duePoint(RULES, { ...visit, published }, END + G + 1) - ARRIVED;
    expect([0, 1, 2, 3].map(soonest)).toEqual([A, 2 * A, 4 * A, 8 * A]);
  });

  test('after a grace of at most G, or A, if that is more', () => {
    const grace = (published: number, rules = RULES) => duePoint(rules, { ...visit, published }, END + G + 1) - ARRIVED;
    expect(grace(4)).toBe(G);
    expect(grace(1_000)).toBe(G);
    expect(grace(1_000, { ...RULES, arrivalGrace: G + 1 })).toBe(G + 1);
  });
});

describe('what spares asking for the due point', () => {
  const visits = fc
    .record({
      lastEventAt: fc.integer({ min: 900, max: 1_300 }),
      behind: fc.nat(400),
      published: fc.nat(6),
      seal: fc.constantFrom<Seal | null>(null, null, 'explicit', 'max_events'),
    })
    // A visit's last arrival is never before its last event.
    .map(({ behind, ...visit }) => ({ ...visit, lastArrival: visit.lastEventAt + behind }));

  test('the due point moves exactly where the watermark passes watermarkToPass', () => {
    fc.assert(
      fc.property(visits, (each) => {
        const toPass = watermarkToPass(RULES, each);
        const [before, after] = [duePoint(RULES, each, toPass), duePoint(RULES, each, toPass + 1)];
        expect(before).toBe(duePoint(RULES, each, null));
        expect(after).toBe(duePoint(RULES, each, Number.POSITIVE_INFINITY));
        expect(before).toBeGreaterThan(after);
      }),
    );
  });

  test('no visit is past its due point before the arrival clock is past earliestDue', () => {
    fc.assert(
      fc.property(visits, fc.integer({ min: 900, max: 2_000 }), fc.nat(50), (each, arrivalClock, behind) => {
        // The event clock is never ahead of the arrival clock.
        const watermark = arrivalClock - behind - B;
        if (arrivalClock > duePoint(RULES, each, watermark)) {
          expect(arrivalClock).toBeGreaterThan(earliestDue(RULES, each));
        }
      }),
    );
  });
});

describe('a visit is frozen', () => {
  test('when it is ended and W > max(its end + G, W when it last ended) + L', () => {
    const early = ended(900, END, { endedWatermark: END });
    expect(isFrozen(RULES, early, END + G + L)).toBe(false);
    expect(isFrozen(RULES, early, END + G + L + 1)).toBe(true);
    const late = ended(900, END, { endedWatermark: END + G + 50 });
    expect(isFrozen(RULES, late, END + G + 50 + L)).toBe(false);
    expect(isFrozen(RULES, late, END + G + 50 + L + 1)).toBe(true);
  });

  test('never while it is open', () => {
    expect(isFrozen(RULES, visit, 1e9)).toBe(false);
  });

  test('never without W', () => {
    expect(isFrozen(RULES, ended(900, END), null)).toBe(false);
  });

  test('by its end alone where there was no W when it ended', () => {
    expect(isFrozen(RULES, ended(900, END, { endedWatermark: null }), END + G + L)).toBe(false);
    expect(isFrozen(RULES, ended(900, END, { endedWatermark: null }), END + G + L + 1)).toBe(true);
  });

  test('once W is past amendable_until', () => {
    expect(amendableUntil(RULES, visit, END + G - 1)).toBe(END + G + L);
    expect(amendableUntil(RULES, visit, END + G + 1)).toBe(END + G + 1 + L);
    expect(amendableUntil(RULES, visit, null)).toBe(END + G + L);
  });
});
