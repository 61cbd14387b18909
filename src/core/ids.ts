import { hash } from 'node:crypto';

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
  const digest = hash('sha256', `${topic}\0${partition}\0${offset}\0${index}\0${sessionId}`, 'buffer');
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUIntBE(Math.min(Math.max(timestamp, 0), 2 ** 48 - 1), 0, 6);
  digest.copy(bytes, 6, 0, 10);
  return uuid(bytes, 8);
}

/** UUID v5 with the visit's id as its name space and the revision, in decimal, as its name. */
export function revisionId(visit: string, revision: number): string {
  return uuidV5(visit, String(revision));
}

/** @param namespace a UUID, canonical text. */
export function uuidV5(namespace: string, name: string): string {
  const named = Buffer.allocUnsafe(16 + Buffer.byteLength(name));
  named.write(namespace.replaceAll('-', ''), 'hex');
  named.write(name, 16);
  return uuid(hash('sha1', named, 'buffer'), 5);
}

/** The lowest visit id that a record of this time (ms) could have opened. */
export function lowestVisitId(timestamp: number): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(Math.min(Math.max(timestamp, 0), 2 ** 48 - 1), 0, 6);
  return text(bytes);
}

/** The time, in ms, of the record that opened a visit. */
export function openedAt(visit: string): number {
  return Number.parseInt(visit.slice(0, 8) + visit.slice(9, 13), 16);
}

function uuid(bytes: Buffer, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return text(bytes);
}

/** Written as ASCII and read back once: joined from parts, a text is a tree of them until somebody flattens it. */
const canonical = Buffer.alloc(36, '-');
const DIGITS = Buffer.from('0123456789abcdef');

function text(bytes: Buffer): string {
  for (let i = 0, at = 0; i < 16; i++) {
    if (at === 8 || at === 13 || at === 18 || at === 23) at++;
    const byte = bytes[i]!;
    canonical[at++] = DIGITS[byte >>> 4]!;
    canonical[at++] = DIGITS[byte & 15]!;
  }
  return canonical.toString('latin1');
}
