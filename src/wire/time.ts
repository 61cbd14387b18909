const FORM =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(Z|[+-]\d\d(?::?\d\d)?))?)?$/i;

/**
 * Reads a time in ISO 8601, such as `2026-01-01T10:00:00.123+01:00`. Without an offset it is UTC, never the zone of the
 * machine, so that every instance reads the same; what is finer than a millisecond is cut off.
 * @returns ms since the epoch; null where the text is no such time.
 */
export function parseTime(text: string): number | null {
  const parts = FORM.exec(text);
  if (parts === null) return null;
  const part = (i: number): number => Number(parts[i] ?? 0);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offset = offsetMinutes(parts[8]);
  if (offset === null) return null;
  const millis = Number((parts[7] ?? '').slice(0, 3).padEnd(3, '0'));
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + millis;
}

function offsetMinutes(text: string | undefined): number | null {
  if (text === undefined || text === 'Z' || text === 'z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(3).replace(':', ''));
  if (hours > 23 || minutes > 59) return null;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
