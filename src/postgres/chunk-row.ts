import type { PackedId } from '../core/memory/event-ids.ts';
import type { PendingEvents, VisitEvents } from '../core/memory/pending-events.ts';
import { type ElementType, JSONB, TEXT } from './arrays.ts';
import type { ByteWriter } from './bytes.ts';
import type { CopyRows } from './copy.ts';

const COLUMNS = ['visit_id', 'event_uuids', 'event_ids', 'types', 'times', 'pages', 'properties'] as const;
export const CHUNK_COLUMNS = COLUMNS.join(', ');
export const CHUNK_COLUMN_COUNT = COLUMNS.length;

/**
 * A row of so many bytes stays in its page as it is. One of more than 8 KB would be compressed and put into TOAST, which
 * costs ten times as much; so a visit that has many events, or large ones, gets several rows.
 */
const ROW_BYTES = 6_000;
/** Bytes of an event's id and time, and of what stands around its texts. */
const EVENT_BYTES = 28;

/** Events of one visit that follow each other. */
interface Slice {
  readonly columns: PendingEvents;
  readonly first: number;
  readonly length: number;
  /** Whether all are of one type, all ids are UUIDs in canonical form, and any has properties. */
  readonly sameType: boolean;
  readonly allUuids: boolean;
  readonly anyProperties: boolean;
}

/** Writes rows of visit_chunk, whose columns the migration that makes the table explains. */
export function writeChunks(rows: CopyRows, visitId: PackedId, events: VisitEvents): void {
  const { columns } = events;
  for (let first = events.first, left = events.length; left > 0; ) {
    const ofFirst = columns.typeAt(first);
    let [length, bytes, sameType, allUuids, anyProperties] = [0, 0, true, true, false];
    let i = first;
    for (; length < left; i = columns.after(i), length += 1) {
      const type = columns.typeAt(i);
      const properties = columns.propertiesAt(i);
      bytes += EVENT_BYTES + type.length + (columns.pageAt(i)?.length ?? 0) + (properties?.length ?? 0);
      if (bytes > ROW_BYTES && length > 0) break;
      sameType &&= type === ofFirst;
      allUuids &&= columns.wordsAt(i) >= 0;
      anyProperties ||= properties !== null;
    }
    writeRow(rows, visitId, { columns, first, length, sameType, allUuids, anyProperties });
    left -= length;
    first = i;
  }
}

function writeRow(rows: CopyRows, visitId: PackedId, slice: Slice): void {
  rows.row();
  rows.id(visitId);
  rows.field((out) => slice.allUuids && writeUuids(out, slice));
  rows.field((out) => !slice.allUuids && writeArray(out, TEXT, slice, idAt));
  rows.field((out) => writeTexts(out, slice, slice.sameType ? 1 : slice.length, typeAt));
  rows.field((out) => writeTimes(out, slice));
  rows.field((out) => writeTexts(out, slice, slice.length, pageAt));
  rows.field((out) => slice.anyProperties && writeArray(out, JSONB, slice, propertiesAt));
}

function writeUuids(out: ByteWriter, { columns, first, length }: Slice): boolean {
  const { words } = columns;
  for (let i = first, left = length; left > 0; i = columns.after(i), left -= 1) {
    const at = columns.wordsAt(i);
    for (let k = 0; k < 4; k += 1) out.int32(words[at + k]!);
  }
  return true;
}

function writeTimes(out: ByteWriter, { columns, first, length }: Slice): boolean {
  for (let i = first, left = length; left > 0; i = columns.after(i), left -= 1) out.time48(columns.timeAt(i));
  return true;
}

type TextAt = (columns: PendingEvents, i: number) => string | null;
const idAt: TextAt = (columns, i) => columns.idAt(i);
const typeAt: TextAt = (columns, i) => columns.typeAt(i);
const pageAt: TextAt = (columns, i) => columns.pageAt(i);
const propertiesAt: TextAt = (columns, i) => columns.propertiesAt(i);

/** Writes the first `length` texts of the slice as a JSON array. @returns false where all of them are null. */
function writeTexts(out: ByteWriter, { columns, first }: Slice, length: number, textAt: TextAt): boolean {
  let found = false;
  let separator = OPENING;
  for (let i = first, left = length; left > 0; i = columns.after(i), left -= 1) {
    const text = textAt(columns, i);
    out.byte(separator);
    separator = COMMA;
    if (text === null) {
      out.raw(JSON_NULL);
    } else {
      out.json(text);
      found = true;
    }
  }
  out.byte(CLOSING);
  return found;
}

const OPENING = 0x5b;
const CLOSING = 0x5d;
const COMMA = 0x2c;
const JSON_NULL = Buffer.from('null');

/** Writes the texts of the slice as an array of `type`. */
function writeArray(out: ByteWriter, type: ElementType<string>, slice: Slice, textAt: TextAt): boolean {
  const { columns, first, length } = slice;
  out.int32(1);
  const hasNull = out.position;
  out.int32(0);
  out.int32(type.oid);
  out.int32(length);
  out.int32(1);
  for (let i = first, left = length; left > 0; i = columns.after(i), left -= 1) {
    const value = textAt(columns, i);
    const hole = out.hole();
    if (value !== null && type.write(out, value)) {
      out.patch(hole);
    } else {
      out.set32(hole, NULL);
      out.set32(hasNull, 1);
    }
  }
  return true;
}

const NULL = -1;
