import type { ContextEntry, Json, Utm } from '../core/event.ts';
import { type EndReason, type Seal, Visit } from '../core/visit.ts';
import type { CopyRows } from './copy.ts';
import { readFoldState, writeFoldState } from './fold-state.ts';

const TIMES = new Set<string>(['started_at', 'last_event_at', 'last_arrival', 'ended_watermark', 'amendable_until']);

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
  'profile_id',
  'source_id',
  'entry_page',
  'referrer',
  'exit_page',
  'utm_source',
  'utm_medium',
  'utm_campaign',
  'utm_term',
  'utm_content',
  'device_type',
  'device_brand',
  'device_model',
  'os',
  'browser',
  'country',
  'region',
  'city',
  'context',
  'fold',
] as const;

export const VISIT_COLUMNS = [...FIXED, ...CHANGING].join(', ');
export const VISIT_COLUMN_COUNT = FIXED.length + CHANGING.length;
/** For UPDATE … FROM `source`. */
export const visitAssignments = (source: string): string =>
  CHANGING.map((column) => `${column} = ${source}.${column}`).join(', ');

/** @param amendableUntil ms; null while the visit is open */
export function writeVisit(rows: CopyRows, partition: number, visit: Visit, amendableUntil: number | null): void {
  rows.row();
  rows.uuid(visit.id);
  rows.int(partition);
  rows.text(visit.sessionId);
  rows.boolean(visit.debug);
  rows.bigint(visit.openedOffset);
  rows.int(visit.openedIndex);

  rows.time(visit.startedAt);
  rows.time(visit.lastEventAt);
  rows.time(visit.lastArrival);
  rows.time(visit.endedWatermark);
  rows.time(amendableUntil);
  rows.int(visit.eventCount);
  rows.int(visit.pageViewCount);
  rows.int(visit.lateEventCount);
  rows.int(visit.published);
  rows.text(visit.reason);
  rows.text(visit.seal);
  rows.text(visit.profileId);
  rows.text(visit.sourceId);
  rows.text(visit.entryPage);
  rows.text(visit.referrer);
  rows.text(visit.exitPage);
  for (let i = 0; i < 5; i += 1) rows.text(visit.utm?.[i] ?? null);
  for (let i = 0; i < visit.named.length; i += 1) rows.text(visit.named[i]!);
  rows.text(contextJson(visit));
  rows.bytea((out) => writeFoldState(out, visit));
}

/** A select list for `readVisit`: times as ms since 1970. */
export const VISIT_SELECT = [...FIXED, ...CHANGING]
  .map((column) => (TIMES.has(column) ? `(extract(epoch from ${column}) * 1000)::bigint` : column))
  .join(', ');

/** A visit from a row of `VISIT_SELECT`. Equal to the one that was written; `eventIds` are not loaded. */
export function readVisit(row: readonly (string | null)[], place: 'open' | 'ended'): Visit {
  let at = 0;
  const optional = (): string | null => row[at++]!;
  const text = (): string => row[at++]!;
  const integer = (): number => Number(row[at++]!);
  const optionalInteger = (): number | null => {
    const value = row[at++]!;
    return value === null ? null : Number(value);
  };

  const id = text();
  at += 1;
  const sessionId = text();
  const debug = text() === 't';
  const openedOffset = integer();
  const openedIndex = integer();
  const visit = new Visit(id, sessionId, debug, openedOffset, openedIndex, integer(), integer(), integer());
  visit.ended = place === 'ended';
  visit.endedWatermark = optionalInteger();
  at += 1;
  visit.eventCount = integer();
  visit.pageViewCount = integer();
  visit.lateEventCount = integer();
  visit.published = integer();
  visit.reason = optional() as EndReason | null;
  visit.seal = optional() as Seal | null;
  const values = {
    profile: optional(),
    source: optional(),
    entryPage: optional(),
    referrer: optional(),
    exitPage: optional(),
    utm: Array.from({ length: 5 }, optional) as unknown as Utm,
    named: Array.from({ length: 8 }, optional),
    context: JSON.parse(text()) as { [key: string]: Json },
  };
  readFoldState(Buffer.from(text().slice(2), 'hex'), values, visit);
  visit.stored = {
    place,
    profileId: visit.profileId,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    startedAt: visit.startedAt,
    lastEventAt: visit.lastEventAt,
  };
  return visit;
}

/** By hand, because an object made of the keys would order those that look like integers, and trip over `__proto__`. */
function contextJson({ context }: Visit): string {
  let json = '{';
  for (let i = 0; i < context.length; i += 1) json += i === 0 ? entryJson(context[i]!) : `,${entryJson(context[i]!)}`;
  return `${json}}`;
}

/** Entries are shared by the visits of all that use the same device, or look at the same page. */
const texts = new Map<ContextEntry, string>();
/** All are forgotten then: a weak map, which would forget by itself, costs the garbage collector more than it saves. */
const MOST_TEXTS = 16_384;

function entryJson(entry: ContextEntry): string {
  let json = texts.get(entry);
  if (json === undefined) {
    json = `${JSON.stringify(entry[0])}:${JSON.stringify(entry[1])}`;
    if (texts.size === MOST_TEXTS) texts.clear();
    texts.set(entry, json);
  }
  return json;
}
