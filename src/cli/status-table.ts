import type { PartitionStatus } from '../postgres/status.ts';
import { formatBytes } from '../settings/index.ts';

export interface Bounds {
  readonly earliest: number;
  readonly end: number;
}

/** A partition as `status --json` shows it. Times in ms since the epoch; null: not known, or not there yet. */
export interface Row {
  readonly partition: number;
  readonly started: boolean;
  readonly nextOffset: number | null;
  readonly end: number | null;
  /** Records; of a partition that was never folded, all that it holds. */
  readonly lag: number | null;
  readonly arrivalClock: number | null;
  readonly eventClock: number | null;
  readonly watermark: number | null;
  readonly openVisits: number;
  readonly outboxMessages: number;
  readonly outboxBytes: number;
  readonly owner: string | null;
  readonly ownerConnected: boolean;
  readonly epoch: number | null;
  readonly anticipationsWrong: number;
  readonly counts: PartitionStatus['counts'] | null;
}

/** All partitions that the topic has or the state knows, in order. */
export function statusRows(
  known: readonly PartitionStatus[],
  bounds: ReadonlyMap<number, Bounds> | null,
  outOfOrderness: number,
): Row[] {
  const states = new Map(known.map((state) => [state.partition, state]));
  const partitions = new Set([...states.keys(), ...(bounds?.keys() ?? [])]);
  return [...partitions]
    .sort((a, b) => a - b)
    .map((partition) => rowOf(partition, states.get(partition), bounds?.get(partition), outOfOrderness));
}

function rowOf(
  partition: number,
  state: PartitionStatus | undefined,
  bounds: Bounds | undefined,
  outOfOrderness: number,
): Row {
  const started = state?.started ?? false;
  const end = bounds?.end ?? null;
  const from = started ? state!.nextOffset : (bounds?.earliest ?? null);
  return {
    partition,
    started,
    nextOffset: started ? state!.nextOffset : null,
    end,
    lag: end === null || from === null ? null : Math.max(0, end - from),
    arrivalClock: state?.arrivalClock ?? null,
    eventClock: state?.eventClock ?? null,
    watermark: state?.eventClock == null ? null : state.eventClock - outOfOrderness,
    openVisits: state?.openVisits ?? 0,
    outboxMessages: state === undefined ? 0 : state.sequence - state.published,
    outboxBytes: state?.outboxBytes ?? 0,
    owner: state?.owner ?? null,
    ownerConnected: state?.ownerConnected ?? false,
    epoch: state?.epoch ?? null,
    anticipationsWrong: state?.counts.anticipationsWrong ?? 0,
    counts: state?.counts ?? null,
  };
}

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string, left?: 'left'])[] = [
  ['partition', (row) => String(row.partition)],
  ['next', (row) => shown(row.nextOffset)],
  ['end', (row) => shown(row.end)],
  ['lag', (row) => shown(row.lag)],
  ['arrival clock', (row) => time(row.arrivalClock), 'left'],
  ['event clock', (row) => time(row.eventClock), 'left'],
  ['watermark', (row) => time(row.watermark), 'left'],
  ['open', (row) => String(row.openVisits)],
  ['outbox', (row) => (row.outboxMessages === 0 ? '0' : `${row.outboxMessages} (${size(row.outboxBytes)})`)],
  ['epoch', (row) => shown(row.epoch)],
  ['wrong', (row) => String(row.anticipationsWrong)],
  ['owner', (row) => owner(row), 'left'],
];

/** For people; ends with sums and, where there is one, what to look at. */
export function statusTable(rows: readonly Row[]): string {
  if (rows.length === 0) return 'no partition was ever taken over, and the topic shows none\n';
  const table = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, i) => Math.max(...table.map((line) => line[i]!.length)));
  const lines = table.map((line) =>
    line
      .map((cell, i) => (COLUMNS[i]![2] === 'left' ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n\n${summary(rows)}\n`;
}

function summary(rows: readonly Row[]): string {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const lag = rows.some((row) => row.lag === null) ? 'lag not known' : `${sum((row) => row.lag!)} records behind`;
  const parts = [
    lag,
    `${sum((row) => row.openVisits)} visits open`,
    `${sum((row) => row.outboxMessages)} messages to send`,
  ];
  const unowned = rows.filter((row) => !row.ownerConnected).length;
  if (unowned > 0) parts.push(`${unowned} of ${rows.length} partitions have no processor: start \`tidemark run\``);
  const wrong = sum((row) => row.anticipationsWrong);
  if (wrong > 0) parts.push(`${wrong} anticipations were wrong: compare this machine's clock with the brokers'`);
  return parts.join('; ');
}

function owner({ owner, ownerConnected }: Row): string {
  if (owner === null) return '-';
  return ownerConnected ? owner : `${owner} (gone)`;
}

function shown(value: number | null): string {
  return value === null ? '-' : String(value);
}

function time(ms: number | null): string {
  return ms === null ? '-' : new Date(ms).toISOString();
}

/** Rounded: what is waiting changes while it is read. */
function size(bytes: number): string {
  const unit = bytes < 1 << 20 ? 1 << 10 : 1 << 20;
  return formatBytes(Math.ceil(bytes / unit) * unit);
}
