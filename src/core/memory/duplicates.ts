import { isFrozen } from '../rules/ending.ts';
import type { Rules } from '../rules/rules.ts';
import type { PackedId } from './event-ids.ts';
import type { PendingEvents } from './pending-events.ts';
import type { Session } from './session.ts';
import type { Visit } from './visit.ts';

/**
 * The visit that an event id is already in, of a session's visits that are not frozen; null: the event is no duplicate.
 * @param session with its event ids loaded where a visit is not frozen.
 * @param id the event's, packed.
 * @param pendingEvents holds the events that are not applied to the visits' values.
 */
export function findDuplicate(
  rules: Rules,
  session: Session<Visit>,
  id: PackedId,
  pendingEvents: PendingEvents,
  watermark: number | null,
): Visit | null {
  if (session.eventIds !== null && !session.eventIds.has(id)) return null;
  const { maskBits } = id;
  const { count } = session;
  for (let i = 0; i < count; i++) {
    const visit = session.at(i);
    if (isFrozen(rules, visit, watermark)) continue;
    if (!visit.knowsIds) throw new Error(`event ids of visit ${visit.id} are needed and were not loaded`);
    if (visit.mayHaveId(maskBits) && (visit.hasId(id) || isUnapplied(pendingEvents, visit, id))) return visit;
  }
  return null;
}

/** Whether the id is that of an event that is not applied to the visit's values. */
function isUnapplied(pendingEvents: PendingEvents, visit: Visit, id: PackedId): boolean {
  let left = pendingEvents.unapplied(visit);
  if (left === 0) return false;
  for (let i = pendingEvents.firstUnapplied(visit); left > 0; i = pendingEvents.after(i), left--) {
    if (pendingEvents.isId(i, id)) return true;
  }
  return false;
}
