/** Results as a Markdown table, aligned so that it reads as plain text too. */
import type { Measured } from './measured.ts';
import { median } from './statistics.ts';

const NONE = '—';

const HEAD = [
  'who',
  'runs',
  'events/s',
  'from start',
  'CPU s per million: processor',
  'Postgres',
  'broker',
  'peak RSS, MB',
  'visits',
  'events',
  'duplicates',
  'right',
];

/** A row a name, in order of first appearance: medians, with the range in parentheses where runs differ. */
export function measuredTable(runs: readonly Measured[]): string {
  return markdown(
    HEAD,
    [...Map.groupBy(runs, ({ name }) => name)].map(([name, same]) => row(name, same)),
  );
}

function row(name: string, runs: readonly Measured[]): string[] {
  const rate = (seconds: number | null, run: Measured) => (seconds === null ? null : run.input / seconds / 1000);
  const perMillion = (part: keyof Measured['cpu']) =>
    runs.map(({ cpu, input }) => (cpu[part] === null ? null : cpu[part] / (input / 1e6)));
  const last = runs.at(-1)!;
  const wrong = runs.filter((run) => run.wrong.length > 0).length;
  return [
    name,
    String(runs.length),
    spread(
      runs.map((run) => rate(run.seconds, run)),
      0,
      ' k',
    ),
    spread(
      runs.map((run) => rate(run.secondsFromStart, run)),
      0,
      ' k',
    ),
    spread(perMillion('processor'), 2),
    spread(perMillion('postgres'), 2),
    spread(perMillion('broker'), 2),
    spread(
      runs.map(({ peak }) => (peak === null ? null : peak / 2 ** 20)),
      0,
    ),
    whole(last.visits),
    whole(last.events),
    whole(last.duplicates),
    wrong === 0 ? 'yes' : `NO (${wrong} of ${runs.length})`,
  ];
}

/** Median, and lowest to highest where there is more than one. */
export function spread(values: readonly (number | null)[], digits: number, unit = ''): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return NONE;
  const show = (value: number) => value.toFixed(digits);
  const range = known.length === 1 ? '' : ` (${show(Math.min(...known))}–${show(Math.max(...known))})`;
  return `${show(median(known))}${unit}${range}`;
}

function whole(value: number | null): string {
  return value === null ? NONE : value.toLocaleString('en-US');
}

/** Names to the left, everything else to the right. */
export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
