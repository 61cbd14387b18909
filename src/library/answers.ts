/** Visits, sessions, profiles and messages, with the names of the topics and views. */

import type { VisitEnded as CoreVisitEnded } from '../core/rules/visit-ended.ts';
import type { ProfileView, SessionView, VisitView } from '../memory/views.ts';
import type { Profile, Session, Visit, VisitEnded } from './types.ts';
import { columnValues, messageValues } from './values.gen.ts';

export function visitOf(visit: VisitView): Visit {
  const { ended, lastEventAt } = visit;
  return {
    visit_id: visit.id,
    session_id: visit.sessionId,
    profile_id: visit.profileId,
    source_id: visit.sourceId,
    debug: visit.debug,
    status: ended ? 'ended' : 'open',
    end_reason: visit.reason,
    revision: visit.published === 0 ? null : visit.published - 1,
    started_at: visit.startedAt,
    last_event_at: lastEventAt,
    ended_at: ended ? lastEventAt : null,
    duration_ms: lastEventAt - visit.startedAt,
    event_count: visit.eventCount,
    page_view_count: visit.pageViewCount,
    late_event_count: visit.lateEventCount,
    ...columnValues(visit),
    context: Object.fromEntries(visit.context.map(([key, stamped]) => [key, stamped.value])),
    opened_offset: visit.openedOffset,
  };
}

export function sessionOf(session: SessionView): Session {
  return {
    session_id: session.sessionId,
    first_visit_id: session.firstVisitId,
    last_visit_id: session.lastVisitId,
    profile_id: session.profileId,
    visit_count: session.visitCount,
    event_count: session.eventCount,
    page_view_count: session.pageViewCount,
    late_event_count: session.lateEventCount,
    total_duration_ms: session.durationMs,
    started_at: session.startedAt,
    ended_at: session.endedAt,
    context: session.context,
  };
}

export function profileOf(profile: ProfileView): Profile {
  return {
    profile_id: profile.profileId,
    visit_count: profile.visitCount,
    session_count: profile.sessionCount,
    event_count: profile.eventCount,
    page_view_count: profile.pageViewCount,
    total_duration_ms: profile.durationMs,
    first_seen_at: profile.firstSeenAt,
    last_seen_at: profile.lastSeenAt,
    traits: Object.fromEntries(profile.traits),
  };
}

/** @param source of the record that opened the visit. */
export function publicMessageOf(message: CoreVisitEnded, source: { topic: string; partition: number }): VisitEnded {
  const { startedAt, endedAt } = message;
  return {
    event_id: message.eventId,
    type: 'visit-ended',
    name: 'Visit Ended',
    visit_id: message.visitId,
    session_id: message.sessionId,
    profile_id: message.profileId,
    source_id: message.sourceId,
    revision: message.revision,
    reason: message.reason,
    retracted: message.retracted,
    merged_into: message.mergedInto,
    started_at: startedAt,
    ended_at: endedAt,
    decided_at: message.decidedAt,
    amendable_until: message.amendableUntil,
    duration_ms: endedAt - startedAt,
    event_count: message.eventCount,
    page_view_count: message.pageViewCount,
    late_event_count: message.lateEventCount,
    event_types: Object.fromEntries(message.eventTypes),
    ...messageValues(message),
    debug: message.debug,
    opened_at_offset: { ...source, offset: message.openedOffset },
  };
}
