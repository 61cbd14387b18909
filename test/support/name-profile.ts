import { PackedId } from '../../src/core/memory/event-ids.ts';
import { NO_STAMP } from '../../src/core/memory/stamps.ts';
import type { Visit } from '../../src/core/memory/visit.ts';

/** The visit's profile, as an event of this time and id names it; null: nobody names one. */
export function nameProfile(visit: Visit, profileId: string | null, t: number, eventId = 'e'): void {
  visit.profileId = profileId;
  visit.profileStamp = profileId === null ? NO_STAMP : visit.addStamp(t, new PackedId().set(eventId));
}
