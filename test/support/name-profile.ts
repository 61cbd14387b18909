import { PackedId } from '../../src/core/memory/event-ids.ts';
import { NO_EVENT } from '../../src/core/memory/event-refs.ts';
import type { Visit } from '../../src/core/memory/visit.ts';

/** The visit's profile, as an event of this time and id names it; null: no event names one. */
export function nameProfile(visit: Visit, profileId: string | null, t: number, eventId = 'e'): void {
  visit.profileId = profileId;
  visit.profileRef = profileId === null ? NO_EVENT : visit.addRef(t, new PackedId().set(eventId));
}
