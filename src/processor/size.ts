import type { RawRecord } from './ports.ts';

/** Of a record without key, value and headers. */
const FRAME = 100;
/** Of a header besides its name and value. */
const HEADER = 100;

/** What a record takes in memory, in bytes, about. */
export function sizeOf({ key, value, headers }: RawRecord): number {
  let bytes = FRAME + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, content] of headers) bytes += HEADER + name.length + content.length;
  return bytes;
}
