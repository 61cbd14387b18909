import type { EventId } from '../memory/event-ids.ts';
import type { FreshEvents } from '../memory/fresh-events.ts';
import type { Session } from '../memory/session.ts';
import type { Visit } from '../memory/visit.ts';
import { isFrozen } from './ending.ts';
import type { TrackEvent } from './event.ts';
import type { Rules } from './rules.ts';
import type { Seal } from './span.ts';

/**
 * Where among its session's visits an event belongs. Decides, changes nothing.
 *
 * Invariant: the visits of a session are disjoint in time, and stay so: an event joins only the visit whose span holds
 * it, or the nearest on a side. Otherwise an event could belong to two visits and be counted in both.
 */
export type Placement =
  | { readonly kind: 'duplicate'; readonly visit: Visit }
  /** A visit that it belongs to can change no more. */
  | { readonly kind: 'late'; readonly visit: Visit }
  | { readonly kind: 'full'; readonly visit: Visit }
  | { readonly kind: 'join'; readonly visit: Visit; readonly refused: Refused | null }
  | { readonly kind: 'merge'; readonly before: Visit; readonly after: Visit }
  | { readonly kind: 'start'; readonly seal: Seal | null; readonly refused: Refused | null };

/** A visit to which a cap refused what comes after it: sealed with that reason unless it is sealed already. */
export interface Refused {
  readonly visit: Visit;
  readonly seal: Seal;
}

/**
 * @returns to be read at once: it is used again.
 * @param session its visits by start; `eventIds` loaded where not frozen.
 * @param id the event's, taken apart.
 * @param fresh where the events are that the visits' values have not taken.
 */
export function place(
  rules: Rules,
  session: Session,
  event: TrackEvent,
  id: EventId,
  fresh: FreshEvents,
  watermark: number | null,
): Placement {
  const twin =
    session.eventIds !== null && !session.eventIds.has(id) ? null : holderOf(rules, session, id, fresh, watermark);
  if (twin !== null) return { kind: 'duplicate', visit: twin };

  const { t } = event;
  const next = firstAfter(session, t);
  let before: Visit | null = next === 0 ? null : session.at(next - 1);
  let after: Visit | null = next === session.count ? null : session.at(next);
  if (before !== null && before.lastEventAt >= t) return withinSpan(rules, before, watermark);

  const startsAfter = after !== null;
  if (after !== null && after.startedAt - t > rules.gap) after = null;
  if (before !== null) {
    const since = t - before.lastEventAt;
    if (closesAgain(rules, before, event, since)) after = null;
    else if (since > rules.gap || !takesMore(before, startsAfter)) before = null;
  }

  if (before !== null && isFrozen(rules, before, watermark)) return { kind: 'late', visit: before };
  if (after !== null && isFrozen(rules, after, watermark)) return { kind: 'late', visit: after };

  if (before !== null && after !== null) {
    const refusal = cap(rules, before.startedAt, after.lastEventAt, before.eventCount + after.eventCount + 1);
    if (refusal === null) return { kind: 'merge', before, after };
    const refused = { visit: before, seal: refusal };
    if (capFor(rules, before, t) === null) return { kind: 'join', visit: before, refused };
    const seal = capFor(rules, after, t);
    if (seal === null) return { kind: 'join', visit: after, refused };
    return { kind: 'start', seal, refused };
  }
  if (before !== null) {
    const seal = capFor(rules, before, t);
    if (seal === null) return joins(before);
    return { kind: 'start', seal: null, refused: { visit: before, seal } };
  }
  if (after !== null) {
    const seal = capFor(rules, after, t);
    if (seal === null) return joins(after);
    return { kind: 'start', seal, refused: null };
  }
  return { kind: 'start', seal: null, refused: null };
}

/** The visit, of those that are not frozen, that holds the event id. */
function holderOf(
  rules: Rules,
  session: Session,
  id: EventId,
  fresh: FreshEvents,
  watermark: number | null,
): Visit | null {
  const { bits } = id;
  const { count } = session;
  for (let i = 0; i < count; i++) {
    const visit = session.at(i);
    if (isFrozen(rules, visit, watermark)) continue;
    if (!visit.knowsIds) throw new Error(`event ids of visit ${visit.id} are needed and were not loaded`);
    if (visit.mayHaveId(bits) && (visit.hasId(id) || isAmong(fresh, visit, id))) return visit;
  }
  return null;
}

/** Whether the id is one of the events that the visit's values have not taken. */
function isAmong(fresh: FreshEvents, visit: Visit, id: EventId): boolean {
  let left = fresh.untaken(visit);
  if (left === 0) return false;
  for (let i = fresh.untakenFirst(visit); left > 0; i = fresh.after(i), left--) {
    if (fresh.isId(i, id)) return true;
  }
  return false;
}

/** Index of the first visit that starts after `t`. Most events belong to the last visit. */
function firstAfter(session: Session, t: number): number {
  let high = session.count;
  if (high === 0 || session.at(high - 1).startedAt <= t) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (session.at(middle).startedAt <= t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function withinSpan(rules: Rules, visit: Visit, watermark: number | null): Placement {
  if (isFrozen(rules, visit, watermark)) return { kind: 'late', visit };
  if (visit.eventCount + 1 > 2 * rules.maxEvents) return { kind: 'full', visit };
  return joins(visit);
}

/** What most events do: used again, so that it is not made for each. */
const join: { readonly kind: 'join'; visit: Visit | null; readonly refused: null } = {
  kind: 'join',
  visit: null,
  refused: null,
};

function joins(visit: Visit): Placement {
  join.visit = visit;
  return join as Placement;
}

/** A second ending event belongs to the end that the first one made: clients send sign-out and visit-ended together. */
function closesAgain(rules: Rules, before: Visit, event: TrackEvent, since: number): boolean {
  return (
    before.seal === 'explicit' &&
    rules.endingTypes.has(event.type) &&
    since <= rules.outOfOrderness &&
    since <= rules.gap
  );
}

/** Whether events may still be added behind a visit's last. A cap's seal gives way to what lies before a later visit. */
function takesMore(before: Visit, startsAfter: boolean): boolean {
  return before.seal === null || (before.seal !== 'explicit' && startsAfter);
}

function capFor(rules: Rules, visit: Visit, t: number): Seal | null {
  return cap(rules, Math.min(visit.startedAt, t), Math.max(visit.lastEventAt, t), visit.eventCount + 1);
}

function cap(rules: Rules, start: number, end: number, events: number): Seal | null {
  if (end - start > rules.maxDuration) return 'max_duration';
  if (events > rules.maxEvents) return 'max_events';
  return null;
}
