import type { TrackEvent } from '../../src/core/event.ts';
import { EventId } from '../../src/core/event-ids.ts';
import { FreshEvents, type VisitEvents } from '../../src/core/fresh-events.ts';
import type { VisitEvent } from '../../src/core/visit.ts';
import { bareVisit } from './bare-visit.ts';

/** Events, one at least, as a commit appends them to a visit. */
export function visitEvents(events: readonly VisitEvent[]): VisitEvents {
  const fresh = new FreshEvents();
  const visit = bareVisit();
  for (const event of events) fresh.add(visit, event as TrackEvent, new EventId().set(event.eventId));
  return fresh.take(visit)!;
}
