import { isFrozen } from './ending.ts';
import type { TrackEvent } from './event.ts';
import type { Rules } from './rules.ts';
import type { Seal, Span, Spans } from './span.ts';

/**
 * Where among its session's visits an event belongs: step 3 of "One record, step by step" in docs/SEMANTICS.md, in its
 * order. Decides, changes nothing.
 *
 * Invariant: the visits of a session are disjoint in time, and stay so: an event joins only the visit whose span holds
 * it, or the nearest on a side. Otherwise an event could belong to two visits and be counted in both.
 *
 * A placement is valid until the next call of `place`, which may use the object again.
 */
export type Placement<V extends Span> =
  | { readonly kind: 'duplicate'; readonly visit: V }
  /** A candidate can change no more. */
  | { readonly kind: 'late'; readonly visit: V }
  | { readonly kind: 'full'; readonly visit: V }
  | { readonly kind: 'join'; readonly visit: V; readonly refused: Refused<V> | null }
  | { readonly kind: 'merge'; readonly before: V; readonly after: V }
  /** `seal`: the new visit begins sealed. */
  | { readonly kind: 'start'; readonly seal: Seal | null; readonly refused: Refused<V> | null };

/** A visit to which a cap refused what comes after it: sealed with that reason unless it is sealed already. */
export interface Refused<V extends Span> {
  readonly visit: V;
  readonly seal: Seal;
}

/**
 * @param visits the session's.
 * @param duplicate the one of them, not frozen, that the event id is already in; null: none.
 */
export function place<V extends Span>(
  rules: Rules,
  visits: Spans<V>,
  event: Pick<TrackEvent, 't' | 'type'>,
  duplicate: V | null,
  watermark: number | null,
): Placement<V> {
  if (duplicate !== null) return { kind: 'duplicate', visit: duplicate };

  // Candidates: the visit whose first to last event spans `t`.
  const { t } = event;
  const next = firstAfter(visits, t);
  let before = next === 0 ? null : visits.at(next - 1);
  let after = next === visits.count ? null : visits.at(next);
  if (before !== null && before.lastEventAt >= t) return joinSpanning(rules, before, watermark);

  // If there is none: the nearest before and the nearest after, where they are no more than the gap away.
  const startsAfter = after !== null;
  if (after !== null && after.startedAt - t > rules.gap) after = null;
  if (before !== null) {
    const since = t - before.lastEventAt;
    if (repeatsEnding(rules, before, event, since)) after = null;
    else if (since > rules.gap || !takesMore(before, startsAfter)) before = null;
  }

  // A candidate is frozen: the event is late.
  if (before !== null && isFrozen(rules, before, watermark)) return { kind: 'late', visit: before };
  if (after !== null && isFrozen(rules, after, watermark)) return { kind: 'late', visit: after };

  // One candidate: the event joins it. Two: they merge. None: the event starts a visit, however old it is.
  if (before !== null) return after === null ? joinBefore(rules, before, t) : mergeBoth(rules, before, after, t);
  if (after !== null) return joinAfter(rules, after, t, null);
  return { kind: 'start', seal: null, refused: null };
}

/** Index of the first visit that starts after `t`. Most events belong to the last visit. */
function firstAfter(visits: Spans<Span>, t: number): number {
  let high = visits.count;
  if (high === 0 || visits.at(high - 1).startedAt <= t) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (visits.at(middle).startedAt <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Within its span a visit takes up to twice `max_events`. */
function joinSpanning<V extends Span>(rules: Rules, visit: V, watermark: number | null): Placement<V> {
  if (isFrozen(rules, visit, watermark)) return { kind: 'late', visit };
  if (visit.eventCount + 1 > 2 * rules.maxEvents) return { kind: 'full', visit };
  return join(visit);
}

/**
 * A second ending event belongs to the end that the first one made, and to no other visit: clients send sign-out and
 * visit-ended together.
 * @param since ms from the end of the visit before to the event.
 */
function repeatsEnding(rules: Rules, before: Span, event: Pick<TrackEvent, 'type'>, since: number): boolean {
  return (
    before.seal === 'explicit' &&
    rules.endingTypes.has(event.type) &&
    since <= rules.outOfOrderness &&
    since <= rules.gap
  );
}

/** Not sealed, or sealed by a cap and another visit of the session starts after the event. */
function takesMore(before: Span, startsAfter: boolean): boolean {
  return before.seal === null || (before.seal !== 'explicit' && startsAfter);
}

/** Where a cap refuses, the visit, which is the earlier side, is sealed. */
function joinBefore<V extends Span>(rules: Rules, before: V, t: number): Placement<V> {
  const seal = capOnJoin(rules, before, t);
  if (seal === null) return join(before);
  return { kind: 'start', seal: null, refused: { visit: before, seal } };
}

/** Where a cap refuses, the event is the earlier side: the visit that it starts is sealed. */
function joinAfter<V extends Span>(rules: Rules, after: V, t: number, refused: Refused<V> | null): Placement<V> {
  const seal = capOnJoin(rules, after, t);
  if (seal !== null) return { kind: 'start', seal, refused };
  return refused === null ? join(after) : { kind: 'join', visit: after, refused };
}

/** Where a cap refuses, the visit before is sealed, and the first of the two that can take the event within the caps does. */
function mergeBoth<V extends Span>(rules: Rules, before: V, after: V, t: number): Placement<V> {
  const seal = cap(rules, before.startedAt, after.lastEventAt, before.eventCount + after.eventCount + 1);
  if (seal === null) return { kind: 'merge', before, after };
  const refused = { visit: before, seal };
  if (capOnJoin(rules, before, t) === null) return { kind: 'join', visit: before, refused };
  return joinAfter(rules, after, t, refused);
}

/** The cap that keeps an event from outside its span from joining a visit; null: none. */
function capOnJoin(rules: Rules, visit: Span, t: number): Seal | null {
  return cap(rules, Math.min(visit.startedAt, t), Math.max(visit.lastEventAt, t), visit.eventCount + 1);
}

/** The cap that a visit of such a size would be over: `max_duration` before `max_events`. */
function cap(rules: Rules, start: number, end: number, events: number): Seal | null {
  if (end - start > rules.maxDuration) return 'max_duration';
  if (events > rules.maxEvents) return 'max_events';
  return null;
}

/** Most events join one visit, and no cap refuses: the object is used again, which saves one for each event. */
const joined: { readonly kind: 'join'; visit: Span | null; readonly refused: null } = {
  kind: 'join',
  visit: null,
  refused: null,
};

function join<V extends Span>(visit: V): Placement<V> {
  joined.visit = visit;
  return joined as Placement<V>;
}
