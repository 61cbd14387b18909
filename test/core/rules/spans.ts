/** Visits and rules as plain values, with numbers that are easy to reckon with. */
import { DEFAULT_RULES, type Rules } from '../../../src/core/rules/rules.ts';
import type { Span, Spans } from '../../../src/core/rules/span.ts';

export const G = 100;
export const B = 10;
export const A = 7;
export const L = 1_000;
export const MAX_DURATION = 500;
export const MAX_EVENTS = 5;

export const RULES: Rules = {
  ...DEFAULT_RULES,
  gap: G,
  outOfOrderness: B,
  arrivalGrace: A,
  allowedLateness: L,
  maxAge: 5_000,
  maxDuration: MAX_DURATION,
  maxEvents: MAX_EVENTS,
  endingTypes: new Set(['sign-out', 'visit-ended']),
};

/** An open visit of two events that was never published. */
export function span(startedAt: number, lastEventAt: number, others: Partial<Span> = {}): Span {
  return {
    ...{ startedAt, lastEventAt, lastArrival: lastEventAt, eventCount: 2, published: 0 },
    ...{ ended: false, endedWatermark: null, seal: null },
    ...others,
  };
}

export function ended(startedAt: number, lastEventAt: number, others: Partial<Span> = {}): Span {
  return span(startedAt, lastEventAt, { ended: true, published: 1, endedWatermark: lastEventAt, ...others });
}

/** A session's visits, in order of their starts. */
export function session<V extends Span>(...visits: readonly V[]): Spans<V> {
  return { count: visits.length, at: (i) => visits[i]! };
}
