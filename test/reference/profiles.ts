/** Profiles as sums over visits, and traits from the events themselves. */
import type { TrackEvent } from '../../src/core/rules/event.ts';
import { compareBytes, type VisitView } from './visits.ts';

export interface ProfileView {
  readonly profileId: string;
  readonly visitCount: number;
  readonly sessionCount: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly durationMs: number;
  /** null where it has no visit. */
  readonly firstSeenAt: number | null;
  readonly lastSeenAt: number | null;
  /** Keys in order of UTF-8 bytes; unset ones left out. */
  readonly traits: readonly (readonly [key: string, value: boolean | number | string])[];
}

/** A trait that was written: values of null included. */
interface Written {
  readonly event: TrackEvent;
  readonly value: null | boolean | number | string;
}

/** Whether `a` is later by (`t`, `event_id`, `session_id`). Of two that are equal the first in the log stays. */
function later(a: TrackEvent, b: TrackEvent): boolean {
  return (a.t - b.t || compareBytes(a.eventId, b.eventId) || compareBytes(a.sessionId, b.sessionId)) > 0;
}

/**
 * @param visits all visits, merged-away ones left out.
 * @param traitEvents accepted events that are not debug, in the order of the log.
 * @returns profiles in order of their id as UTF-8 bytes.
 */
export function profilesOf(visits: readonly VisitView[], traitEvents: readonly TrackEvent[]): ProfileView[] {
  const counted = visits.filter((visit) => !visit.debug && visit.profileId !== null);

  const traits = new Map<string, Map<string, Written>>();
  for (const event of traitEvents) {
    // Traits belong to the profile that their own event names: without one they belong to none.
    if (event.profileId === null) continue;
    const mine = traits.get(event.profileId) ?? new Map<string, Written>();
    traits.set(event.profileId, mine);
    for (const [key, value] of event.traits) {
      const held = mine.get(key);
      if (held === undefined || later(event, held.event)) mine.set(key, { event, value });
    }
  }

  const ids = new Set([...counted.map((visit) => visit.profileId!), ...traits.keys()]);
  return [...ids]
    .sort(compareBytes)
    .map((profileId) => {
      const mine = counted.filter((visit) => visit.profileId === profileId);
      const sum = (of: (visit: VisitView) => number) => mine.reduce((total, visit) => total + of(visit), 0);
      const set: (readonly [string, boolean | number | string])[] = [];
      for (const [key, { value }] of traits.get(profileId) ?? []) if (value !== null) set.push([key, value]);
      return {
        profileId,
        visitCount: mine.length,
        sessionCount: new Set(mine.map((visit) => visit.sessionId)).size,
        eventCount: sum((visit) => visit.eventCount),
        pageViewCount: sum((visit) => visit.pageViewCount),
        durationMs: sum((visit) => visit.lastEventAt - visit.startedAt),
        firstSeenAt: mine.length === 0 ? null : Math.min(...mine.map((visit) => visit.startedAt)),
        lastSeenAt: mine.length === 0 ? null : Math.max(...mine.map((visit) => visit.lastEventAt)),
        traits: set.sort(([a], [b]) => compareBytes(a, b)),
      };
    })
    .filter((profile) => profile.visitCount > 0 || profile.traits.length > 0);
}
