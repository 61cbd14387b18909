import { PackedId } from '../../src/core/memory/event-ids.ts';
import { PendingEvents, type VisitEvents } from '../../src/core/memory/pending-events.ts';
import type { VisitEvent } from '../../src/core/memory/visit.ts';
import type { TrackEvent } from '../../src/core/rules/event.ts';
import { bareVisit } from './bare-visit.ts';

/** Events, one at least, as a commit appends them to a visit. */
export function visitEvents(events: readonly VisitEvent[]): VisitEvents {
  const fresh = new PendingEvents();
  const visit = bareVisit();
  for (const event of events) fresh.add(visit, event as TrackEvent, new PackedId().set(event.eventId));
  return fresh.take(visit)!;
}
