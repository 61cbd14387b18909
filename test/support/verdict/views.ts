/**
 * What the views hold, and what they should, row by row in one form: times in ms since the epoch, counts as numbers.
 * The one side is plain SQL, the other the reference's answers; neither asks any code of the program.
 */
import type pg from 'pg';
import { isRefusal, type TrackEvent } from '../../../src/core/rules/event.ts';
import { type ProfileView, profilesOf } from '../../reference/profiles.ts';
import type { Answer, Step } from '../../reference/reference.ts';
import { compareBytes, NAMED, type VisitView } from '../../reference/visits.ts';

type Row = Readonly<Record<string, unknown>>;
export type View = 'visits' | 'visit_events' | 'visit_revisions' | 'sessions' | 'profiles';
export type Views = Readonly<Record<View, Row[]>>;

/** One partition: what was folded, and the right answer. */
export interface Folded {
  readonly partition: number;
  readonly steps: readonly Step<unknown>[];
  readonly answer: Answer<unknown>;
}

const UTM = ['source', 'medium', 'campaign', 'term', 'content'].map((name) => `utm_${name}`);

const ms = (...columns: string[]) =>
  columns.map((name) => `(extract(epoch from ${name}) * 1000)::float8 AS ${name}`).join(', ');
const count = (...columns: string[]) => columns.map((name) => `${name}::float8 AS ${name}`).join(', ');

const QUERIES: Readonly<Record<View, string>> = {
  visits: `SELECT visit_id, session_id, profile_id, source_id, debug, status, end_reason, revision,
      ${ms('started_at', 'last_event_at', 'ended_at', 'duration')}, event_count, page_view_count, late_event_count,
      entry_page, exit_page, referrer, ${[...UTM, ...NAMED].join(', ')}, context, opened_partition,
      ${count('opened_offset')}
    FROM visits ORDER BY visit_id`,
  visit_events: `SELECT visit_id, session_id, ${count('position')}, event_id, type, ${ms('occurred_at')}, page, properties
    FROM visit_events AS e ORDER BY visit_id, e.position`,
  visit_revisions: `SELECT visit_id, revision, reason, retracted, merged_into, ${ms('started_at', 'ended_at')}, event_count,
      ${ms('decided_at')}
    FROM visit_revisions ORDER BY visit_id, revision`,
  sessions: `SELECT session_id, partition, first_visit_id, last_visit_id, profile_id,
      ${count('visit_count', 'event_count', 'page_view_count', 'late_event_count')},
      ${ms('total_duration', 'started_at', 'ended_at')}, context
    FROM sessions ORDER BY session_id, partition`,
  profiles: `SELECT profile_id, ${count('visit_count', 'session_count', 'event_count', 'page_view_count')},
      ${ms('total_duration', 'first_seen_at', 'last_seen_at')}, traits
    FROM profiles ORDER BY profile_id`,
};

/** @param client with the schema on its search path. */
export async function viewsIn(client: pg.Client): Promise<Views> {
  const views: Partial<Record<View, Row[]>> = {};
  for (const [view, query] of Object.entries(QUERIES)) views[view as View] = (await client.query<Row>(query)).rows;
  return views as Views;
}

/** What the views should hold, by the reference. */
export function viewsOf(partitions: readonly Folded[]): Views {
  const visits = partitions
    .flatMap(({ partition, answer }) => answer.visits.map((visit) => ({ visit, partition })))
    .sort((a, b) => compareBytes(a.visit.id, b.visit.id));
  return {
    visits: visits.map(({ visit, partition }) => visitRow(visit, partition)),
    visit_events: visits.flatMap(({ visit }) => eventRows(visit)),
    visit_revisions: partitions
      .flatMap(({ answer }) => answer.revisions)
      .sort((a, b) => compareBytes(a.visitId, b.visitId) || a.revision - b.revision)
      .map((revision) => ({
        visit_id: revision.visitId,
        revision: revision.revision,
        reason: revision.reason,
        retracted: revision.retracted,
        merged_into: revision.mergedInto,
        started_at: revision.startedAt,
        ended_at: revision.endedAt,
        event_count: revision.eventCount,
        decided_at: revision.decidedAt,
      })),
    sessions: sessionRows(visits),
    profiles: profileRows(partitions),
  };
}

function visitRow(visit: VisitView, partition: number): Row {
  return {
    visit_id: visit.id,
    session_id: visit.sessionId,
    profile_id: visit.profileId,
    source_id: visit.sourceId,
    debug: visit.debug,
    status: visit.ended ? 'ended' : 'open',
    end_reason: visit.ended ? visit.reason : null,
    revision: visit.published === 0 ? null : visit.published - 1,
    started_at: visit.startedAt,
    last_event_at: visit.lastEventAt,
    ended_at: visit.ended ? visit.lastEventAt : null,
    duration: visit.lastEventAt - visit.startedAt,
    event_count: visit.eventCount,
    page_view_count: visit.pageViewCount,
    late_event_count: visit.lateEventCount,
    entry_page: visit.entryPage,
    exit_page: visit.exitPage,
    referrer: visit.referrer,
    ...Object.fromEntries(UTM.map((name, i) => [name, visit.utm?.[i] ?? null])),
    ...Object.fromEntries(NAMED.map((name, i) => [name, visit.named[i] ?? null])),
    context: Object.fromEntries(visit.context),
    opened_partition: partition,
    opened_offset: visit.openedOffset,
  };
}

function eventRows(visit: VisitView): Row[] {
  return visit.events.map(({ eventId, type, t, page, properties }, i) => ({
    visit_id: visit.id,
    session_id: visit.sessionId,
    position: i + 1,
    event_id: eventId,
    type,
    occurred_at: t,
    page,
    properties: properties === null ? null : JSON.parse(properties),
  }));
}

function sessionRows(visits: readonly { readonly visit: VisitView; readonly partition: number }[]): Row[] {
  const bySession = Map.groupBy(
    visits.filter(({ visit }) => !visit.debug),
    ({ visit, partition }) => `${partition} ${visit.sessionId}`,
  );
  return [...bySession.values()]
    .map((found) => {
      const mine = found
        .map(({ visit }) => visit)
        .sort((a, b) => a.startedAt - b.startedAt || compareBytes(a.id, b.id));
      const sum = (of: (visit: VisitView) => number) => mine.reduce((total, visit) => total + of(visit), 0);
      const last = mine.at(-1)!;
      return {
        session_id: last.sessionId,
        partition: found[0]!.partition,
        first_visit_id: mine[0]!.id,
        last_visit_id: last.id,
        profile_id: last.profileId,
        visit_count: mine.length,
        event_count: sum((visit) => visit.eventCount),
        page_view_count: sum((visit) => visit.pageViewCount),
        late_event_count: sum((visit) => visit.lateEventCount),
        total_duration: sum((visit) => visit.lastEventAt - visit.startedAt),
        started_at: mine[0]!.startedAt,
        ended_at: mine.every((visit) => visit.ended) ? Math.max(...mine.map((visit) => visit.lastEventAt)) : null,
        context: Object.fromEntries(last.context),
      };
    })
    .sort((a, b) => compareBytes(a.session_id, b.session_id) || a.partition - b.partition);
}

/** Of all partitions together: a profile's events may lie in several. */
function profileRows(partitions: readonly Folded[]): Row[] {
  const visits = partitions.flatMap(({ answer }) => answer.visits);
  const sessions = new Map<string, number>();
  for (const { profileId, sessionCount } of partitions.flatMap(({ answer }) => answer.profiles)) {
    sessions.set(profileId, (sessions.get(profileId) ?? 0) + sessionCount);
  }
  return profilesOf(visits, partitions.flatMap(traitEvents)).map((profile: ProfileView) => ({
    profile_id: profile.profileId,
    visit_count: profile.visitCount,
    // A session id seen in two partitions is two sessions.
    session_count: sessions.get(profile.profileId) ?? 0,
    event_count: profile.eventCount,
    page_view_count: profile.pageViewCount,
    total_duration: profile.durationMs,
    first_seen_at: profile.firstSeenAt,
    last_seen_at: profile.lastSeenAt,
    traits: Object.fromEntries(profile.traits),
  }));
}

/** Accepted events that are not debug, in the order of the log. */
function traitEvents({ steps, answer }: Folded): TrackEvent[] {
  const accepted = new Set(
    answer.outcomes
      .filter(({ fate }) => fate === 'started' || fate === 'joined' || fate === 'merged')
      .map(({ offset, index }) => `${offset} ${index}`),
  );
  return steps.flatMap((step) => {
    if (!('record' in step)) return [];
    const { offset, entries } = step.record;
    return entries.flatMap((entry, index) => {
      if (isRefusal(entry) || entry.debug || entry.sessionId === '@debug-session-id') return [];
      return accepted.has(`${offset} ${index}`) ? [entry] : [];
    });
  });
}
