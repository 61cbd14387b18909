import { PackedId } from '../core/memory/event-ids.ts';
import { prefetched } from '../core/memory/prefetch.ts';
import type { Visit } from '../core/memory/visit.ts';
import type { Commit } from '../ports/store.ts';
import { arrayParameter, type ElementType, UUID } from './arrays.ts';
import type { Statement, Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CopyRows } from './copy.ts';
import { type ProfileDeltas, subtractProfiles } from './profiles.ts';
import type { MissingMonths } from './ranges.ts';
import { type RevisionRows, writeOutRevisions } from './revisions.ts';
import { copy, copyStatement, expecting } from './statements.ts';
import { VISIT_COLUMN_COUNT, VISIT_COLUMNS, visitAssignments, writeVisit } from './visit-row.ts';

const COPY_OPEN = copyStatement('open_visit', VISIT_COLUMNS);
const COPY_ENDED = copyStatement('ended_visit', `${VISIT_COLUMNS}, decided_at`);
const COPY_STAGED = copyStatement('staged_visit', `${VISIT_COLUMNS}, decided_at`);

/** The join looks into the month of each id alone; for `= ANY ($2)` the planner would go through all ids itself. */
const deleteFrom = (table: string): string =>
  `DELETE FROM ${table} v USING unnest($2::uuid[]) AS id WHERE v.visit_id = id`;

const DELETE_OPEN = expecting('take_open', deleteFrom('open_visit'));
const DELETE_ENDED = expecting('take_ended', deleteFrom('ended_visit'), {
  returning: 'v.*',
  also: [writeOutRevisions('met'), subtractProfiles('met')],
});

const CHANGE_OPEN = expecting(
  'change_open',
  `UPDATE open_visit v SET ${visitAssignments('s')}, updated_at = now()
  FROM staged_visit s WHERE v.visit_id = s.visit_id`,
);

/** The columns of a visit that its revisions repeat. */
const revisionColumns = (row: string): string =>
  `(${['published', 'started_at', 'last_event_at', 'event_count', 'reason'].map((column) => `${row}.${column}`).join(', ')})`;
const REVISION_DIFFERS = `${revisionColumns('s')} IS DISTINCT FROM ${revisionColumns('v')}`;

const SUBTRACT_CHANGED: Statement = {
  name: 'commit_lose_changed_profiles',
  text: subtractProfiles('(SELECT v.* FROM staged_visit s JOIN ended_visit v USING (visit_id)) changed'),
};
const WRITE_OUT_CHANGED: Statement = {
  name: 'commit_keep_changed_revisions',
  text: writeOutRevisions(
    `(SELECT v.* FROM staged_visit s JOIN ended_visit v USING (visit_id) WHERE ${REVISION_DIFFERS}) changed`,
  ),
};
const CHANGE_ENDED = expecting(
  'change_ended',
  `UPDATE ended_visit v SET ${visitAssignments('s')}, updated_at = now(),
    decided_at = CASE WHEN ${REVISION_DIFFERS} THEN s.decided_at ELSE v.decided_at END
  FROM staged_visit s WHERE v.visit_id = s.visit_id`,
);

/** Parts of a commit that depend on where its visits go. */
interface CommitParts {
  readonly revisions: RevisionRows;
  readonly profiles: ProfileDeltas;
  readonly months: MissingMonths;
}

const id = new PackedId();
/** Elements that are visit ids; a visit stands for its own. */
const VISIT_ID: ElementType<Visit | string> = {
  oid: UUID.oid,
  write: (out, visit) => (typeof visit === 'string' ? out.uuid(visit) : out.id(visit.readId(id))),
};

/** Steps for what leaves a table, then for changes in place, then for what comes: a visit is never in both tables. */
export function visitSteps<Raw>(
  { changes, amendableUntil }: Commit<Raw>,
  partition: number,
  { revisions, profiles, months }: CommitParts,
  blocks: Blocks,
): Step[] {
  const leave = { open: [] as (Visit | string)[], ended: [] as (Visit | string)[] };
  const stay = { open: 0, ended: 0 };
  const staged = new CopyRows(VISIT_COLUMN_COUNT + 1, blocks);
  const open = new CopyRows(VISIT_COLUMN_COUNT, blocks);
  const ended = new CopyRows(VISIT_COLUMN_COUNT + 1, blocks);
  for (const { id, from } of changes.removed) leave[from].push(id);
  const visits = inOrder(changes.visits);
  for (let i = 0; i < visits.length; i++) {
    if (i % PREFETCH_BATCH === 0) prefetchVisits(visits, i);
    const { visit, from, pendingRevision = -1 } = visits[i]!;
    const to = visit.ended ? 'ended' : 'open';
    if (from !== null && from !== to) leave[from].push(visit);
    if (from === to) stay[to] += 1;
    const rows = from === to ? staged : to === 'open' ? open : ended;
    writeVisit(rows, partition, visit, visit.ended ? amendableUntil(visit) : null);
    if (rows !== open) rows.time(revisions.implyByRow(visit, pendingRevision));
    if (to === 'ended') {
      profiles.add(visit);
      months.need(visit.readId(id));
    }
  }
  profiles.subtracts = leave.ended.length > 0 || stay.ended > 0;
  return [
    ...deleteSteps(DELETE_OPEN, leave.open),
    ...deleteSteps(DELETE_ENDED, leave.ended),
    ...copy(COPY_STAGED, staged),
    ...(stay.open > 0 ? [{ statement: CHANGE_OPEN, values: [stay.open] }] : []),
    ...(stay.ended > 0 ? changeEnded(stay.ended) : []),
    ...copy(COPY_OPEN, open),
    ...copy(COPY_ENDED, ended),
  ];
}

/** Visits that are prefetched at once: what is written of them fits into the first cache. */
const PREFETCH_BATCH = 32;

function prefetchVisits(visits: readonly { readonly visit: Visit }[], from: number): void {
  const to = Math.min(from + PREFETCH_BATCH, visits.length);
  let sum = 0;
  for (let i = from; i < to; i++) {
    const { visit } = visits[i]!;
    sum ^= visit.prefetch() ^ visit.prefetchRefs() ^ visit.session.prefetch() ^ (visit.profileId?.length ?? 0);
  }
  prefetched(sum);
}

function changeEnded(count: number): Step[] {
  return [
    { statement: WRITE_OUT_CHANGED },
    { statement: SUBTRACT_CHANGED },
    { statement: CHANGE_ENDED, values: [count] },
  ];
}

function deleteSteps(statement: Statement, visits: readonly (Visit | string)[]): Step[] {
  return visits.length === 0 ? [] : [{ statement, values: [visits.length, arrayParameter(VISIT_ID, visits)] }];
}

/**
 * Visits in the order in which they were opened, which, but for clocks that were set back, is that of their ids, and so
 * of the indexes: neighbours go to the same page.
 */
function inOrder<T extends { readonly visit: Visit }>(visits: readonly T[]): readonly T[] {
  return visits.toSorted((a, b) => a.visit.openedOffset - b.visit.openedOffset);
}
