import type { TrackEvent } from './event.ts';
import { first, isAfter, isBefore, last } from './order.ts';
import type { Rules } from './rules.ts';
import type { Visit } from './visit.ts';

/**
 * How a visit's aggregates take an event, or another visit.
 *
 * Invariant: the result does not depend on the order in which events are taken: first and last values carry the event
 * that they come from. If one did not, a replay after an amendment would differ from what was published.
 */

/** Adds an event to all that a visit aggregates; its clocks, seal and late count are the caller's. */
export function takeEvent(rules: Rules, visit: Visit, event: TrackEvent): void {
  const { t, eventId } = event;
  if (t < visit.startedAt) visit.startedAt = t;
  if (t > visit.lastEventAt) visit.lastEventAt = t;
  visit.eventCount += 1;
  if (rules.pageViewTypes.has(event.type)) visit.pageViewCount += 1;
  visit.types.set(event.type, (visit.types.get(event.type) ?? 0) + 1);
  visit.eventIds?.add(eventId);
  visit.fresh.push({ eventId, type: event.type, t, page: event.page, properties: event.properties });

  if (event.profileId !== null && (visit.profile === null || isAfter(t, eventId, visit.profile))) {
    visit.profile = { t, eventId, value: event.profileId };
  }
  if (event.sourceId !== null && (visit.source === null || isBefore(t, eventId, visit.source))) {
    visit.source = { t, eventId, value: event.sourceId };
  }
  if (event.page !== null) {
    if (visit.entry === null || isBefore(t, eventId, visit.entry)) {
      visit.entry = { t, eventId, value: { page: event.page, referrer: event.referrer } };
    }
    if (visit.exit === null || isAfter(t, eventId, visit.exit)) visit.exit = { t, eventId, value: event.page };
  }
  if (event.utm !== null && (visit.utm === null || isBefore(t, eventId, visit.utm))) {
    visit.utm = { t, eventId, value: event.utm };
  }
  if (event.named !== null) {
    for (let i = 0; i < visit.named.length; i++) {
      const value = event.named[i] ?? null;
      if (value === null) continue;
      const now = visit.named[i] ?? null;
      if (now === null || isBefore(t, eventId, now)) visit.named[i] = { t, eventId, value };
    }
  }
  for (const [key, value] of event.context) {
    const now = visit.context.get(key);
    if (now === undefined || isAfter(t, eventId, now)) visit.context.set(key, { t, eventId, value });
  }
}

/** Adds all that `other` aggregates to `visit`. `other` is of no use afterwards. */
export function takeVisit(visit: Visit, other: Visit): void {
  visit.startedAt = Math.min(visit.startedAt, other.startedAt);
  visit.lastEventAt = Math.max(visit.lastEventAt, other.lastEventAt);
  visit.lastArrival = Math.max(visit.lastArrival, other.lastArrival);
  visit.eventCount += other.eventCount;
  visit.pageViewCount += other.pageViewCount;
  visit.lateEventCount += other.lateEventCount;
  for (const [type, count] of other.types) visit.types.set(type, (visit.types.get(type) ?? 0) + count);
  if (visit.eventIds !== null && other.eventIds !== null) for (const id of other.eventIds) visit.eventIds.add(id);
  // Not as arguments of one call: the engine takes some ten thousands of those, and a visit may hold more events.
  for (const event of other.fresh) visit.fresh.push(event);

  visit.profile = last(visit.profile, other.profile);
  visit.source = first(visit.source, other.source);
  visit.entry = first(visit.entry, other.entry);
  visit.exit = last(visit.exit, other.exit);
  visit.utm = first(visit.utm, other.utm);
  visit.named = visit.named.map((stamp, i) => first(stamp, other.named[i] ?? null));
  for (const [key, stamp] of other.context) visit.context.set(key, last(visit.context.get(key) ?? null, stamp)!);
}
