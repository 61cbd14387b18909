import type { FreshEvents, VisitEvents } from '../core/fresh-events.ts';
import { type ElementType, JSONB, TEXT, TIME, UUID } from './arrays.ts';
import type { ByteWriter } from './bytes.ts';
import type { CopyRows } from './copy.ts';

export const CHUNK_COLUMNS = 'visit_id, chunk, event_uuids, event_ids, types, occurred_at, pages, properties';
export const CHUNK_COLUMN_COUNT = 8;

/**
 * A row of visit_chunk: arrays side by side, one element an event. An event id that is a UUID in canonical form is in
 * the first, where it takes 16 bytes and not 40, any other in the second; an array that would hold nulls only is null.
 */
export function writeChunk(rows: CopyRows, visitId: string, chunk: number, events: VisitEvents): void {
  rows.row();
  rows.uuid(visitId);
  rows.bigint(chunk);
  rows.field((out) => writeElements(out, UUID.oid, events, writeUuid));
  rows.field((out) => writeElements(out, TEXT.oid, events, writeText));
  rows.field((out) => writeElements(out, TEXT.oid, events, writeType));
  rows.field((out) => writeElements(out, TIME.oid, events, writeTime));
  rows.field((out) => writeElements(out, TEXT.oid, events, writePage));
  rows.field((out) => writeElements(out, JSONB.oid, events, writeProperties));
}

/** Writes the `i`-th element. False: it is null, and nothing was written. */
type WriteElement = (out: ByteWriter, columns: FreshEvents, i: number) => boolean;

/** @returns whether any element is not null. */
function writeElements(out: ByteWriter, oid: number, events: VisitEvents, write: WriteElement): boolean {
  const { columns, first, length } = events;
  out.int32(1);
  const hasNull = out.position;
  out.int32(0);
  out.int32(oid);
  out.int32(length);
  out.int32(1);
  let found = 0;
  for (let i = first, left = length; left > 0; i = columns.after(i), left -= 1) {
    const hole = out.hole();
    if (write(out, columns, i)) {
      out.patch(hole);
      found += 1;
    } else {
      out.set32(hole, NULL);
    }
  }
  if (found < length) out.set32(hasNull, 1);
  return found > 0;
}

const NULL = -1;

const writeUuid: WriteElement = (out, columns, i) => {
  const at = columns.wordsAt(i);
  if (at < 0) return false;
  const { words } = columns;
  for (let k = 0; k < 4; k += 1) out.int32(words[at + k]!);
  return true;
};

const writeText: WriteElement = (out, columns, i) => columns.wordsAt(i) < 0 && writeOne(out, TEXT, columns.idAt(i));
const writeType: WriteElement = (out, columns, i) => writeOne(out, TEXT, columns.typeAt(i));
const writeTime: WriteElement = (out, columns, i) => writeOne(out, TIME, columns.timeAt(i));
const writePage: WriteElement = (out, columns, i) => writeOne(out, TEXT, columns.pageAt(i));
const writeProperties: WriteElement = (out, columns, i) => writeOne(out, JSONB, columns.propertiesAt(i));

function writeOne<T>(out: ByteWriter, type: ElementType<T>, value: T | null): boolean {
  return value !== null && type.write(out, value);
}
