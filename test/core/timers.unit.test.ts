import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Session } from '../../src/core/memory/session.ts';
import { Visit } from '../../src/core/memory/visit.ts';
import { duePoint } from '../../src/core/rules/ending.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';
import type { Seal } from '../../src/core/rules/span.ts';
import { Timers } from '../../src/core/timers.ts';

/** Of a few ms, so that many visits come close to each other. */
const RULES = { ...DEFAULT_RULES, gap: 8, outOfOrderness: 8, arrivalGrace: 1 };
const VISITS = 3;

/**
 * A record comes `later` ms after the last one, with an event `behind` ms before it. The event is one of a visit: it begins
 * that where it is not open. `sealed`: it is the visit's last.
 */
const record = fc.record({
  later: fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 3 }) }, fc.nat({ max: 12 })),
  behind: fc.nat({ max: 12 }),
  visit: fc.nat({ max: VISITS - 1 }),
  sealed: fc.nat({ max: 7 }).map((one) => one === 0),
});

test('visits come in order of due points, then of opening, as a look at all that are open finds them', () => {
  fc.assert(
    fc.property(fc.array(record, { minLength: 10, maxLength: 80, size: 'max' }), (records) => {
      const timers = new Timers(RULES);
      const open = new Map<number, Visit>();
      const gone = (visit: Visit) => {
        timers.cancel(visit);
        for (const [name, each] of open) if (each === visit) open.delete(name);
      };
      let [clock, eventClock, opened] = [1_000, 900, 0];
      for (const { later, behind, visit: name, sealed } of records) {
        clock += later;
        const t = clock - behind;
        let visit = open.get(name);
        if (visit === undefined) {
          visit = new Visit(ID, new Session(`${name}`, false, true), opened++, 0, t, t, clock);
          open.set(name, visit);
        } else {
          visit.lastEventAt = Math.max(visit.lastEventAt, t);
          visit.lastArrival = clock;
        }
        if (sealed) visit.seal = 'explicit' satisfies Seal;
        timers.schedule(visit);
        eventClock = Math.max(eventClock, t);
        const watermark = eventClock - RULES.outOfOrderness;
        const expected = [...open.values()]
          .map((each) => ({ visit: each, due: duePoint(RULES, each, watermark) }))
          .filter(({ due }) => clock > due)
          .sort((a, b) => a.due - b.due || a.visit.openedOffset - b.visit.openedOffset);
        if (expected.length > 0) expect(timers.mayHaveDue(clock, watermark)).toBe(true);
        for (const { visit: due, due: at } of expected) {
          const next = timers.next(clock, watermark);
          expect([next?.visit.sessionId, next?.due]).toEqual([due.sessionId, at]);
          gone(due);
        }
        expect(timers.next(clock, watermark)).toBeNull();
        const nextDue = Math.min(...[...open.values()].map((each) => duePoint(RULES, each, watermark)));
        expect(timers.nextKey).toBeLessThanOrEqual(nextDue);
      }
    }),
    { numRuns: 3_000 },
  );
});

const ID = '00000000-0000-8000-8000-000000000000';
