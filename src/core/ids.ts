import { hash } from 'node:crypto';
import { PackedId } from './memory/event-ids.ts';

/**
 * Ids are made from the log alone, so that a replay makes the same ones. They are UUID v8 and v5 as in RFC 9562.
 */

/**
 * Sets `id` to that of a visit, a UUID v8.
 * @param timestamp of the record that opened the visit, ms; the first 48 bits, so that ids are in order of time.
 * @param index of the event in its record.
 */
export function setVisitId(
  id: PackedId,
  timestamp: number,
  sessionId: string,
  topic: string,
  partition: number,
  offset: number,
  index: number,
): PackedId {
  const digest = hash('sha256', `${topic}\0${partition}\0${offset}\0${index}\0${sessionId}`, 'binary');
  const time = Math.min(Math.max(timestamp, 0), 2 ** 48 - 1);
  const high = Math.floor(time / 2 ** 16);
  const b = ((time - high * 2 ** 16) << 16) | V8 | ((word(digest, 0) >>> 16) & 0xfff);
  const c = VARIANT | (word(digest, 2) & 0x3fffffff);
  return id.setUuid(high | 0, b, c, word(digest, 6));
}

const V8 = 0x8000;
const V5 = 0x5000;
const VARIANT = 0x80000000 | 0;

/** The id of a visit as canonical text. */
export function visitId(...opening: OmitFirst<Parameters<typeof setVisitId>>): string {
  return setVisitId(scratch, ...opening).toString();
}

type OmitFirst<T> = T extends [unknown, ...infer Rest] ? Rest : never;

/** UUID v5, canonical text, with the visit's id as its name space and the revision, in decimal, as its name. */
export function revisionId(visit: PackedId, revision: number): string {
  return uuidV5(visit, String(revision));
}

/** @returns canonical text. @throws where the name space is no UUID. */
export function uuidV5(namespace: PackedId, name: string): string {
  const bytes = roomFor(16 + Buffer.byteLength(name));
  const { a, b, c, d } = namespace;
  if (!namespace.isUuid) throw new Error(`${namespace.text} is no UUID in canonical form`);
  bytes.writeInt32BE(a, 0);
  bytes.writeInt32BE(b, 4);
  bytes.writeInt32BE(c, 8);
  bytes.writeInt32BE(d, 12);
  bytes.write(name, 16);
  const digest = hash('sha1', bytes, 'binary');
  return scratch
    .setUuid(
      word(digest, 0),
      (word(digest, 4) & ~0xf000) | V5,
      VARIANT | (word(digest, 8) & 0x3fffffff),
      word(digest, 12),
    )
    .toString();
}

const scratch = new PackedId();

/** The time, in ms, of the record that opened a visit. */
export function openedAt({ a, b }: PackedId): number {
  return (a >>> 0) * 2 ** 16 + (b >>> 16);
}

/** Four bytes as an integer, big-endian. */
function word(bytes: string, at: number): number {
  return (
    (bytes.charCodeAt(at) << 24) |
    (bytes.charCodeAt(at + 1) << 16) |
    (bytes.charCodeAt(at + 2) << 8) |
    bytes.charCodeAt(at + 3)
  );
}

/** Reused buffers, by length: most names are as short as a revision's number. */
const rooms: Buffer[] = [];

function roomFor(length: number): Buffer {
  if (length >= 64) return Buffer.allocUnsafe(length);
  rooms[length] ??= Buffer.alloc(length);
  return rooms[length]!;
}
