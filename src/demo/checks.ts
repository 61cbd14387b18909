import type { WrittenCounts } from '../simulate/write.ts';
import type { Facts, Received, ShownVisit, Sums } from './parts.ts';

/** One comparison that has to hold. */
export interface Check {
  /** What is compared, with its numbers. */
  readonly what: string;
  /** The differences; none where it holds. */
  readonly differs: readonly string[];
}

/** Compares what was written, what was folded, what SQL shows and what a consumer read. */
export function checks(written: WrittenCounts, facts: Facts, received: readonly Received[]): Check[] {
  const { counts, visits } = facts;
  const accepted = counts.started + counts.joined + counts.merged;
  const dead = counts.undecodable + counts.invalid + counts.future + counts.visitFull;
  const on = (topic: Received['topic']) => received.filter((message) => message.topic === topic).length;
  const went = accepted + counts.duplicate + counts.late + dead;
  return [
    equal('records written', written.records, 'records folded', counts.records),
    equal(
      'folded',
      counts.records,
      `in visits ${accepted} + duplicates ${counts.duplicate} + late ${counts.late} + dead letters ${dead} =`,
      went,
    ),
    equal('events in visits', accepted, 'sum of event_count in view visits', sum(visits, 'eventCount')),
    equal('events written a second time', written.resent, 'duplicates', counts.duplicate),
    equal('unreadable records written', written.broken, 'undecodable', counts.undecodable),
    equal('dead letters', dead, 'messages on the dead-letter topic', on('dead-letter')),
    equal('late', counts.late, 'messages on the late topic', on('late')),
    ended(visits, received),
    revisions(facts, received),
    sessions(facts),
    profiles(facts),
  ];
}

function equal(left: string, a: number, right: string, b: number): Check {
  return { what: `${left} ${a} = ${right} ${b}`, differs: a === b ? [] : [`${left} ${a}, ${right} ${b}`] };
}

/** Each visit in SQL has ended, and agrees with its last message. */
function ended(all: readonly ShownVisit[], received: readonly Received[]): Check {
  const differs: string[] = [];
  for (const { visitId, status } of all) if (status === 'open') differs.push(`visit ${visitId} is still open`);
  const published = new Map(outputs(received).map((visit) => [visit.visitId, visit]));
  for (const [id, visit] of published) if (visit.retracted) published.delete(id);
  const visits = all.filter(({ debug, status }) => !debug && status === 'ended');
  for (const row of visits) {
    const said = published.get(row.visitId);
    if (said === undefined) {
      differs.push(`visit ${row.visitId} ended, and no message says so`);
      continue;
    }
    const same =
      said.revision === row.revision &&
      said.reason === row.endReason &&
      said.eventCount === row.eventCount &&
      said.pageViewCount === row.pageViewCount &&
      said.profileId === row.profileId &&
      said.startedAt === row.startedAt &&
      said.endedAt === row.lastEventAt;
    if (!same) differs.push(`visit ${row.visitId} is not as its last message says`);
  }
  const known = new Set(visits.map(({ visitId }) => visitId));
  for (const id of published.keys()) {
    if (!known.has(id)) differs.push(`visit ${id} was published and not retracted, and is not among the ended in SQL`);
  }
  return { what: `visits ended in SQL ${visits.length} = published and not retracted ${published.size}`, differs };
}

/** Each revision in the log was read once, in order. */
function revisions(facts: Facts, received: readonly Received[]): Check {
  const differs: string[] = [];
  const isDebug = debugOf(facts);
  const given = facts.revisions.filter(({ visitId }) => !isDebug(visitId));
  const next = new Map<string, number>();
  for (const { visitId, revision } of outputs(received)) {
    const expected = next.get(visitId) ?? 0;
    if (revision !== expected) differs.push(`visit ${visitId}: revision ${revision} read where ${expected} was due`);
    next.set(visitId, revision + 1);
  }
  const read = outputs(received).length;
  const unread = given.filter(({ visitId, revision }) => revision >= (next.get(visitId) ?? 0));
  for (const { visitId, revision } of unread) differs.push(`visit ${visitId}: revision ${revision} was never read`);
  if (given.length !== read && differs.length === 0) differs.push(`${given.length} in SQL, ${read} read`);
  return { what: `revisions in SQL ${given.length} = Visit Ended messages ${read}, each once and in order`, differs };
}

/** Whether a visit was a debug one. Visits merged away are in no view of visits: they are what their survivor is. */
function debugOf({ visits, revisions }: Facts): (visitId: string) => boolean {
  const debug = new Map(visits.map((visit) => [visit.visitId, visit.debug]));
  const mergedInto = new Map<string, string>();
  for (const { visitId, mergedInto: survivor } of revisions) if (survivor !== null) mergedInto.set(visitId, survivor);
  return (visitId) => {
    let id: string | undefined = visitId;
    while (id !== undefined && !debug.has(id)) id = mergedInto.get(id);
    return id !== undefined && debug.get(id) === true;
  };
}

function sessions({ sessions: rows, visits }: Facts): Check {
  const counted = visits.filter(({ debug }) => !debug);
  const differs = compare(
    'session',
    rows,
    ({ sessionId }) => sessionId,
    counted,
    ({ sessionId }) => sessionId,
  );
  const what = `${rows.length} sessions: visits ${sum(rows, 'visitCount')}, events ${sum(rows, 'eventCount')} = sums over their visits`;
  return { what, differs };
}

function profiles({ profiles: rows, visits }: Facts): Check {
  const counted = visits.filter(({ debug }) => !debug);
  const differs = compare(
    'profile',
    rows,
    ({ profileId }) => profileId,
    counted,
    ({ profileId }) => profileId,
  );
  const byProfile = Map.groupBy(counted, ({ profileId }) => profileId);
  for (const row of rows) {
    const mine = byProfile.get(row.profileId);
    if (mine === undefined) continue;
    const first = Math.min(...mine.map(({ startedAt }) => startedAt));
    const last = Math.max(...mine.map(({ lastEventAt }) => lastEventAt));
    if (row.firstSeenAt !== first || row.lastSeenAt !== last)
      differs.push(`profile ${row.profileId}: first, last seen`);
  }
  const what = `${rows.length} profiles: visits ${sum(rows, 'visitCount')}, events ${sum(rows, 'eventCount')} = sums over their visits`;
  return { what, differs };
}

const SUMMED = ['visitCount', 'eventCount', 'pageViewCount', 'durationMs'] as const;

function compare<Row extends Sums>(
  kind: string,
  rows: readonly Row[],
  idOf: (row: Row) => string,
  visits: readonly ShownVisit[],
  ofVisit: (visit: ShownVisit) => string | null,
): string[] {
  const expected = new Map<string, { -readonly [K in keyof Sums]: Sums[K] }>();
  for (const visit of visits) {
    const id = ofVisit(visit);
    if (id === null) continue;
    const sums = expected.get(id) ?? { visitCount: 0, eventCount: 0, pageViewCount: 0, durationMs: 0 };
    expected.set(id, sums);
    sums.visitCount += 1;
    sums.eventCount += visit.eventCount;
    sums.pageViewCount += visit.pageViewCount;
    sums.durationMs += visit.lastEventAt - visit.startedAt;
  }
  const differs: string[] = [];
  for (const row of rows) {
    const sums = expected.get(idOf(row));
    expected.delete(idOf(row));
    for (const name of SUMMED) {
      const over = sums?.[name] ?? 0;
      if (row[name] !== over) differs.push(`${kind} ${idOf(row)}: ${name} ${row[name]}, over its visits ${over}`);
    }
  }
  for (const id of expected.keys()) differs.push(`${kind} ${id} has visits and is not there`);
  return differs;
}

function outputs(received: readonly Received[]) {
  return received.flatMap((message) => (message.topic === 'output' ? [message.visit] : []));
}

function sum<K extends string>(rows: readonly { readonly [P in K]: number }[], name: K): number {
  return rows.reduce((total, row) => total + row[name], 0);
}
