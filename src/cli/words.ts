import { span } from '../inspect/words.ts';

/** Times, spans and numbers as the commands show them. */

/** `2026-11-23 14:41:08.604`, in UTC, which the table's heading names. */
export function utc(ms: number | null): string {
  return ms === null ? '-' : new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
}

/** `3 minutes 2 seconds`; `-` where it is not known. */
export function lasting(ms: number | null): string {
  return ms === null ? '-' : span(ms);
}

/** `+1m02s`: the time between two events, as short as can be. */
export function gap(ms: number | null): string {
  if (ms === null) return '';
  const [days, hours, minutes] = [Math.floor(ms / DAY), Math.floor(ms / HOUR) % 24, Math.floor(ms / MINUTE) % 60];
  const seconds = Math.floor(ms / 1000) % 60;
  const two = (value: number) => String(value).padStart(2, '0');
  if (days > 0) return `+${days}d${two(hours)}h`;
  if (hours > 0) return `+${hours}h${two(minutes)}m`;
  if (minutes > 0) return `+${minutes}m${two(seconds)}s`;
  return `+${(ms / 1000).toFixed(1)}s`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12,000`. */
export function number(value: number): string {
  return value.toLocaleString('en-US');
}
