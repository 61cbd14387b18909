import type { RawRecord } from './ports.ts';
import { FetchedRecord } from './record.ts';

/** Of a record without key, value and headers. */
const FRAME = 100;
/** Of a header besides its name and value. */
const HEADER = 100;

/** What a record takes in memory, in bytes, about. */
export function sizeOf(record: RawRecord): number {
  let bytes = FRAME + lengthOf(record);
  for (const [name, content] of record.headers) bytes += HEADER + name.length + content.length;
  return bytes;
}

/** Of key and value, without cutting them out. */
function lengthOf(record: RawRecord): number {
  if (!(record instanceof FetchedRecord)) return (record.key?.length ?? 0) + (record.value?.length ?? 0);
  const { keyAt, keyEnd, valueAt, valueEnd } = record;
  return (keyAt < 0 ? 0 : keyEnd - keyAt) + (valueAt < 0 ? 0 : valueEnd - valueAt);
}
