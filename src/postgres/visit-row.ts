import { PackedId } from '../core/memory/event-ids.ts';
import { Session } from '../core/memory/session.ts';
import { type StoredIn, Visit } from '../core/memory/visit.ts';
import type { VisitTable } from '../core/memory/visit-table.ts';
import type { ContextParts } from '../core/rules/event.ts';
import type { EndReason, Seal } from '../core/rules/span.ts';
import { SpanCache } from './caches.ts';
import { readContextJson, writeContext } from './context-json.ts';
import type { CopyRows } from './copy.ts';
import { readFoldState, writeFoldState } from './fold-state.ts';
import type { RowReader } from './row.ts';
import { readValues, VALUE_COLUMNS, writeValues } from './values.gen.ts';

const TIMES = new Set<string>(['started_at', 'last_event_at']);

/** Columns of open_visit and ended_visit that a visit never changes, then those that it may, as `writeVisit` has them. */
const FIXED = ['visit_id', 'partition', 'session_id', 'debug', 'opened_offset', 'opened_index'] as const;

const CHANGING = [
  'started_at',
  'last_event_at',
  'last_arrival',
  'ended_watermark',
  'amendable_until',
  'event_count',
  'page_view_count',
  'late_event_count',
  'published',
  'reason',
  'seal',
  ...VALUE_COLUMNS,
  'context',
  'fold',
] as const;

export const VISIT_COLUMNS = [...FIXED, ...CHANGING].join(', ');
export const VISIT_COLUMN_COUNT = FIXED.length + CHANGING.length;
/** For UPDATE … FROM `source`. */
export const visitAssignments = (source: string): string =>
  CHANGING.map((column) => `${column} = ${source}.${column}`).join(', ');

const id = new PackedId();

/** @param amendableUntil ms; null while the visit is open */
export function writeVisit(rows: CopyRows, partition: number, visit: Visit, amendableUntil: number | null): void {
  rows.row();
  rows.id(visit.readId(id));
  rows.int(partition);
  rows.text(visit.sessionId);
  rows.boolean(visit.debug);
  rows.bigint(visit.openedOffset);
  rows.int(visit.openedIndex);

  rows.time(visit.startedAt);
  rows.time(visit.lastEventAt);
  rows.bigint(visit.lastArrival);
  rows.bigint(visit.endedWatermark);
  rows.bigint(amendableUntil);
  rows.int(visit.eventCount);
  rows.int(visit.pageViewCount);
  rows.int(visit.lateEventCount);
  rows.int(visit.published);
  rows.text(visit.reason);
  rows.text(visit.seal);
  writeValues(rows, visit);
  rows.bytea((out) => writeContext(out, visit));
  rows.bytea((out) => writeFoldState(out, visit));
}

/** A select list for `readVisit` of a TextRow: times as ms since 1970. */
export const VISIT_SELECT = [...FIXED, ...CHANGING]
  .map((column) => (TIMES.has(column) ? `(extract(epoch from ${column}) * 1000)::bigint` : column))
  .join(', ');

/**
 * A visit from the fields of `VISIT_COLUMNS` or, as texts, of `VISIT_SELECT`. Equal to the one that was written; `eventIds`
 * are not loaded.
 * @param table where its numbers go: one of its own unless it is given.
 */
export function readVisit(row: RowReader, storedIn: StoredIn, table?: VisitTable): Visit {
  row.id(id);
  row.skip();
  const session = new Session<Visit>(row.text(), row.boolean(), false);
  const openedOffset = row.bigint();
  const openedIndex = row.integer();
  const [startedAt, lastEventAt, lastArrival] = [row.time(), row.time(), row.bigint()];
  const fixed = [id, session, openedOffset, openedIndex] as const;
  const visit = new Visit(...fixed, startedAt, lastEventAt, lastArrival, table);
  visit.ended = storedIn === 'ended';
  visit.endedWatermark = row.optionalBigint();
  row.skip();
  visit.eventCount = row.integer();
  visit.pageViewCount = row.integer();
  visit.lateEventCount = row.integer();
  visit.published = row.integer();
  visit.reason = row.sharedText() as EndReason | null;
  visit.seal = row.sharedText() as Seal | null;
  const values = readValues(row);
  const parts = row.shared(contexts, readContextJson);
  readFoldState(row.bytes(), values, parts, visit);
  visit.stored = storedIn;
  return visit;
}

const contexts = new SpanCache<ContextParts>();
