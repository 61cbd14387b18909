import { hash } from 'node:crypto';
import { EventId } from './event-ids.ts';

/**
 * Ids are made from the log alone, so that a replay makes the same ones.
 * UUID v8 and v5 as in RFC 9562.
 */

/**
 * @param timestamp of the record that opened the visit, ms; the first 48 bits, so that ids are in order of time.
 * @param index of the event in its record.
 * @returns UUID v8, canonical text.
 */
export function visitId(
  timestamp: number,
  sessionId: string,
  topic: string,
  partition: number,
  offset: number,
  index: number,
): string {
  const digest = hash('sha256', `${topic}\0${partition}\0${offset}\0${index}\0${sessionId}`, 'hex');
  return uuid(hexOf(timestamp) + digest.slice(0, 20), 8);
}

/** UUID v5 with the visit's id as its name space and the revision, in decimal, as its name. */
export function revisionId(visit: string, revision: number): string {
  return uuidV5(visit, String(revision));
}

/** @param namespace a UUID, canonical text. */
export function uuidV5(namespace: string, name: string): string {
  const bytes = roomFor(16 + Buffer.byteLength(name));
  const { a, b, c, d } = space.set(namespace);
  if (!space.isUuid) throw new Error(`${namespace} is no UUID in canonical form`);
  bytes.writeInt32BE(a, 0);
  bytes.writeInt32BE(b, 4);
  bytes.writeInt32BE(c, 8);
  bytes.writeInt32BE(d, 12);
  bytes.write(name, 16);
  return uuid(hash('sha1', bytes, 'hex').slice(0, 32), 5);
}

const space = new EventId();

/** The time, in ms, of the record that opened a visit. */
export function openedAt(visit: string): number {
  return Number.parseInt(visit.slice(0, 8) + visit.slice(9, 13), 16);
}

/** 48 bits as twelve digits. */
function hexOf(timestamp: number): string {
  return Math.min(Math.max(timestamp, 0), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0');
}

/** @param hex 32 digits, of which the version and the variant take the place of six bits. */
function uuid(hex: string, version: number): string {
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16);
  return withDashes(`${hex.slice(0, 12)}${version}${hex.slice(13, 16)}${variant}${hex.slice(17)}`);
}

/** Written as ASCII and read back once: joined from parts, a text is a tree of them until somebody flattens it. */
const canonical = Buffer.alloc(36, '-');

function withDashes(hex: string): string {
  for (let i = 0, at = 0; i < 32; i++) {
    if (at === 8 || at === 13 || at === 18 || at === 23) at++;
    canonical[at++] = hex.charCodeAt(i);
  }
  return canonical.toString('latin1');
}

/** Buffers by length, used again: most names are as short as a revision's number. */
const rooms: Buffer[] = [];

function roomFor(length: number): Buffer {
  if (length >= 64) return Buffer.allocUnsafe(length);
  rooms[length] ??= Buffer.alloc(length);
  return rooms[length]!;
}
