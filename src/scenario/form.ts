import type { VisitEnded } from '../core/rules/visit-ended.ts';
import { profileOf } from '../library/answers.ts';
import { columnValues } from '../library/values.gen.ts';
import type { VisitView } from '../memory/views.ts';
import type { EndState } from './fold.ts';

type Plain = Readonly<Record<string, unknown>>;

/** An answer in the form of `expect`. */
export interface AnswerForm {
  readonly visits: readonly Plain[];
  readonly published: readonly Plain[];
  readonly profiles: readonly Plain[];
  readonly late: readonly unknown[];
  readonly dead: readonly unknown[];
  readonly duplicates: readonly unknown[];
}

export function inForm({ visits, published, profiles, outcomes, openedBy }: EndState): AnswerForm {
  return {
    visits: visits.map((visit) => visitForm(visit, openedBy)),
    published: published.map((message) => messageForm(message, openedBy)),
    profiles: profiles.map((profile) => ({ ...profileOf(profile) })),
    late: outcomes.flatMap((outcome) => (outcome.kind === 'late' ? [outcome.eventId] : [])),
    dead: outcomes.flatMap((outcome) => (outcome.kind === 'dead' ? [[outcome.eventId, outcome.reason]] : [])),
    duplicates: outcomes.flatMap((outcome) => (outcome.kind === 'duplicate' ? [outcome.eventId] : [])),
  };
}

function visitForm(visit: VisitView, openedBy: EndState['openedBy']): Plain {
  return {
    opened_by: openedBy.get(visit.id),
    visit_id: visit.id,
    session_id: visit.sessionId,
    profile_id: visit.profileId,
    source_id: visit.sourceId,
    debug: visit.debug,
    status: visit.ended ? 'ended' : 'open',
    reason: visit.reason,
    revision: visit.published === 0 ? null : visit.published - 1,
    started_at: visit.startedAt,
    ended_at: visit.lastEventAt,
    duration_ms: visit.lastEventAt - visit.startedAt,
    event_count: visit.eventCount,
    page_view_count: visit.pageViewCount,
    late_event_count: visit.lateEventCount,
    ...columnValues(visit),
    context: Object.fromEntries(visit.context.map(([key, stamp]) => [key, stamp.value])),
  };
}

function messageForm(message: VisitEnded, openedBy: EndState['openedBy']): Plain {
  return {
    opened_by: openedBy.get(message.visitId),
    event_id: message.eventId,
    visit_id: message.visitId,
    session_id: message.sessionId,
    profile_id: message.profileId,
    source_id: message.sourceId,
    revision: message.revision,
    reason: message.reason,
    retracted: message.retracted,
    merged_into: message.mergedInto === null ? null : openedBy.get(message.mergedInto),
    started_at: message.startedAt,
    ended_at: message.endedAt,
    decided_at: message.decidedAt,
    amendable_until: message.amendableUntil,
    duration_ms: message.endedAt - message.startedAt,
    event_count: message.eventCount,
    page_view_count: message.pageViewCount,
    late_event_count: message.lateEventCount,
    event_types: Object.fromEntries(message.eventTypes),
    ...columnValues(message),
    debug: message.debug,
  };
}
