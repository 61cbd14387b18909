import type { Visit } from '../core/visit.ts';
import type { Commit } from '../processor/ports.ts';
import { arrayParameter, UUID } from './arrays.ts';
import type { Statement, Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CopyRows } from './copy.ts';
import { copy, copyStatement, expecting } from './statements.ts';
import { VISIT_COLUMN_COUNT, VISIT_COLUMNS, visitAssignments, writeVisit } from './visit-row.ts';

const COPY_OPEN = copyStatement('open_visit', VISIT_COLUMNS);
const COPY_ENDED = copyStatement('ended_visit', VISIT_COLUMNS);
const COPY_STAGED = copyStatement('staged_visit', VISIT_COLUMNS);
const TAKE_OPEN = expecting('take_open', takeFrom('open_visit'));
const TAKE_ENDED = expecting('take_ended', takeFrom('ended_visit'));
const CHANGE_OPEN = expecting('change_open', changeFromStaged('open_visit'));
const CHANGE_ENDED = expecting('change_ended', changeFromStaged('ended_visit'));

/** A join, which looks into the month of each id alone; for `= ANY ($2)` the planner would go through all ids itself. */
function takeFrom(table: string): string {
  return `DELETE FROM ${table} v USING unnest($2::uuid[]) AS id WHERE v.visit_id = id`;
}

function changeFromStaged(table: string): string {
  return `UPDATE ${table} v SET ${visitAssignments('s')}, updated_at = now() FROM staged_visit s WHERE v.visit_id = s.visit_id`;
}

/** First all that leaves a table, then changes in place, then all that comes: a visit is never in both. */
export function visitSteps<Raw>({ changes, amendableUntil }: Commit<Raw>, partition: number, blocks: Blocks): Step[] {
  const leave = { open: [] as string[], ended: [] as string[] };
  const stay = { open: 0, ended: 0 };
  const staged = new CopyRows(VISIT_COLUMN_COUNT, blocks);
  const come = { open: new CopyRows(VISIT_COLUMN_COUNT, blocks), ended: new CopyRows(VISIT_COLUMN_COUNT, blocks) };
  for (const { id, from } of changes.removed) leave[from].push(id);
  for (const { visit, from } of inOrder(changes.visits)) {
    const to = visit.ended ? 'ended' : 'open';
    if (from !== null && from !== to) leave[from].push(visit.id);
    if (from === to) stay[to] += 1;
    writeVisit(from === to ? staged : come[to], partition, visit, visit.ended ? amendableUntil(visit) : null);
  }
  return [
    ...take(TAKE_OPEN, leave.open),
    ...take(TAKE_ENDED, leave.ended),
    ...copy(COPY_STAGED, staged),
    ...(stay.open > 0 ? [{ statement: CHANGE_OPEN, values: [stay.open] }] : []),
    ...(stay.ended > 0 ? [{ statement: CHANGE_ENDED, values: [stay.ended] }] : []),
    ...copy(COPY_OPEN, come.open),
    ...copy(COPY_ENDED, come.ended),
  ];
}

function take(statement: Statement, ids: string[]): Step[] {
  return ids.length === 0 ? [] : [{ statement, values: [ids.length, arrayParameter(UUID, ids)] }];
}

/** In order of id, which is the order of the indexes: neighbours go to the same page. */
function inOrder<T extends { readonly visit: Visit }>(visits: readonly T[]): readonly T[] {
  const sorted = visits.every(({ visit }, i) => i === 0 || visits[i - 1]!.visit.id <= visit.id);
  return sorted ? visits : [...visits].sort((a, b) => (a.visit.id < b.visit.id ? -1 : 1));
}
