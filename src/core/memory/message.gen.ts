// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { VisitEnded } from '../rules/visit-ended.ts';
import type { Visit } from './visit.ts';

/** What a message has that is not the visit's. */
type Head = Pick<VisitEnded, 'eventId' | 'reason' | 'mergedInto' | 'decidedAt' | 'amendableUntil' | 'eventTypes'>;

/** A copy, for the visit may change before it is sent. */
export function visitEndedFrom(visit: Visit, head: Head): VisitEnded {
  return {
    eventId: head.eventId,
    visitId: visit.id,
    sessionId: visit.sessionId,
    profileId: visit.profileId,
    sourceId: visit.sourceId,
    revision: visit.published,
    reason: head.reason,
    retracted: head.mergedInto !== null,
    mergedInto: head.mergedInto,
    startedAt: visit.startedAt,
    endedAt: visit.lastEventAt,
    decidedAt: head.decidedAt,
    amendableUntil: head.amendableUntil,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    lateEventCount: visit.lateEventCount,
    eventTypes: head.eventTypes,
    entryPage: visit.entryPage,
    exitPage: visit.exitPage,
    referrer: visit.referrer,
    utm: visit.utm,
    debug: visit.debug,
    openedOffset: visit.openedOffset,
    // Its own array changes with it.
    named: visit.namedRefs === null ? visit.named : [...visit.named],
  };
}
