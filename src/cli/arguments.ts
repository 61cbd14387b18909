import { InvalidArgumentError } from 'commander';
import { duration } from '../settings/types.ts';

/** Readers of what options take, for commander, which names the option where a reader throws. */

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

export function positiveWhole(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('Write a whole number above 0.');
  return value;
}

const anyTime = duration(1, 3_650 * 86_400_000);

/** `30s` as ms. */
export function time(text: string): number {
  const parsed = anyTime.schema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`It ${parsed.error.issues[0]!.message}.`);
  return parsed.data;
}

/** A moment as ms since the epoch: ISO 8601, in UTC unless it has an offset, or how long ago, like `2h`. */
export function moment(text: string, now = Date.now()): number {
  const ago = anyTime.schema.safeParse(text);
  if (ago.success) return now - ago.data;
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
  const zoned = text.length <= 10 || /(Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`;
  const ms = iso ? Date.parse(zoned.replace(' ', 'T')) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new InvalidArgumentError('Write a time like 2026-01-31T14:30:00Z, or how long ago, like 2h.');
  }
  return ms;
}
