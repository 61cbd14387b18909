import type { Stamped } from './visit.ts';

/**
 * Compares two well-formed texts by their UTF-8 bytes, as Postgres does under `COLLATE "C"`. JavaScript's own `<` goes
 * by UTF-16 units, which puts characters beyond U+FFFF before those from U+E000 on.
 * @returns negative, 0 or positive.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** A surrogate stands for a character beyond U+FFFF: after all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Whether the event (`t`, `eventId`) comes before the one that `stamp` is from. */
export function isBefore(t: number, eventId: string, stamp: Stamped<unknown>): boolean {
  return t < stamp.t || (t === stamp.t && compareUtf8(eventId, stamp.eventId) < 0);
}

/** Whether the event (`t`, `eventId`) comes after the one that `stamp` is from. */
export function isAfter(t: number, eventId: string, stamp: Stamped<unknown>): boolean {
  return t > stamp.t || (t === stamp.t && compareUtf8(eventId, stamp.eventId) > 0);
}

/** The one of two that comes first by (`t`, `eventId`); null says nothing. */
export function first<T>(a: Stamped<T> | null, b: Stamped<T> | null): Stamped<T> | null {
  if (a === null || b === null) return a ?? b;
  return isBefore(b.t, b.eventId, a) ? b : a;
}

/** The one of two that comes last by (`t`, `eventId`); null says nothing. */
export function last<T>(a: Stamped<T> | null, b: Stamped<T> | null): Stamped<T> | null {
  if (a === null || b === null) return a ?? b;
  return isAfter(b.t, b.eventId, a) ? b : a;
}
