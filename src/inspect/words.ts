/** Times and numbers in sentences. */

const SECOND = 1_000;
const UNITS = [
  ['day', 86_400 * SECOND],
  ['hour', 3_600 * SECOND],
  ['minute', 60 * SECOND],
  ['second', SECOND],
] as const;

/** `14:32:10 UTC`, to the second, with the date where it is not that of `now`. */
export function timeText(ms: number, now: number): string {
  const [date, time] = new Date(ms).toISOString().split('T') as [string, string];
  const today = new Date(now).toISOString().startsWith(date);
  return `${today ? '' : `${date} `}${time.slice(0, 8)} UTC`;
}

/** `30 minutes`; `1 hour 30 minutes`; `500 ms`. Two units at most: smaller ones are left out. */
export function span(ms: number): string {
  const words: string[] = [];
  let left = Math.abs(ms);
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) words.push(counted(count, unit));
    if (words.length === 2) return words.join(' ');
  }
  if (words.length === 0) return `${left} ms`;
  return words.join(' ');
}

/** `1 event`, `12,000 events`. */
export function counted(count: number, what: string): string {
  return `${count.toLocaleString('en-US')} ${what}${count === 1 ? '' : 's'}`;
}
