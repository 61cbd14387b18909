import { valuesWithOrigins } from '../../src/core/memory/values-with-origins.ts';
import type { Visit } from '../../src/core/memory/visit.ts';

/** A visit's values, however it holds them: to be compared. */
export function plainVisit(visit: Visit) {
  const { id, sessionId, debug, openedOffset, openedIndex, startedAt, lastEventAt, lastArrival } = visit;
  const { eventCount, pageViewCount, lateEventCount, ended, published, reason, seal, endedWatermark, stored } = visit;
  const values = valuesWithOrigins(visit);
  return {
    ...{ id, sessionId, debug, openedOffset, openedIndex, startedAt, lastEventAt, lastArrival },
    ...{ eventCount, pageViewCount, lateEventCount, ended, published, reason, seal, endedWatermark, stored },
    ...values,
    context: new Map(values.context),
    types: new Map(visit.types),
    eventIds: visit.eventIds && new Set(visit.eventIds),
  };
}
