import type { Changes } from '../core/changes.ts';
import type { RawRecord } from '../ports/record.ts';
import { FetchedRecord } from '../ports/record.ts';
import type { OutboxRow } from '../ports/store.ts';

/** Bytes of a record without key, value and headers. */
const FRAME = 100;
/** Bytes of a header besides its name and value. */
const HEADER = 100;

/** Bytes that stay of an ordinary record from its folding to its commit, and bytes of an ordinary record. */
const FOLDED = 180;
const ORDINARY = 600;
/** Bytes of a visit that starts: what the fold keeps of it, and its rows in the commit. */
const VISIT = 2_000;

/**
 * Estimates the bytes that a folded record adds to the next commit in memory.
 * @param setAside how many of its events go on as the whole record.
 * @param started how many of its events started a visit.
 */
export function foldedSize(record: RawRecord, setAside: number, started: number): number {
  const size = sizeOf(record);
  const kept = setAside > 0 ? size * setAside : FOLDED + Math.max(0, size - ORDINARY);
  return kept + started * VISIT;
}

/** Rows that a commit writes or deletes, the partition's own left out: a commit without a change has none. */
export function rowsOf(changes: Changes<unknown>, outbox: OutboxRow | null): number {
  const { visits, removed, events, revisions, traits } = changes;
  const lists = [visits, removed, events, revisions, traits];
  return lists.reduce((sum, { length }) => sum + length, outbox === null ? 0 : 1);
}

/** Estimates the bytes that a record takes in memory. */
export function sizeOf(record: RawRecord): number {
  const bytes = FRAME + lengthOf(record);
  const { headers } = record;
  return headers.length === 0 ? bytes : bytes + bytesOf(headers);
}

function bytesOf(headers: RawRecord['headers']): number {
  return headers.reduce((sum, [name, content]) => sum + HEADER + name.length + content.length, 0);
}

/** Bytes of key and value, without cutting them out. */
function lengthOf(record: RawRecord): number {
  if (!(record instanceof FetchedRecord)) return (record.key?.length ?? 0) + (record.value?.length ?? 0);
  const { keyAt, keyEnd, valueAt, valueEnd } = record;
  return (keyAt < 0 ? 0 : keyEnd - keyAt) + (valueAt < 0 ? 0 : valueEnd - valueAt);
}
