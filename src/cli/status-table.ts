import type { Bounds } from '../kafka/offsets.ts';
import type { PartitionStatus } from '../postgres/status.ts';
import type { Trouble } from '../postgres/trouble.ts';
import { formatBytes } from '../settings/index.ts';
import { roughly } from './progress-line.ts';
import type { Row } from './status/row.ts';
import { type Style, styleFor } from './style.ts';
import { type Column, table, visible } from './table.ts';
import { number, utc } from './words.ts';

/** All partitions of the topic or of the state, in order. */
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
    hold: null,
    recordsPerSecond: null,
    caughtUpIn: null,
  };
}

const PLAIN = styleFor(false, {});
/** Characters of a date and the blank behind it. */
const DATE = 11;

function columnsOf(style: Style, now: number): Column<Row>[] {
  const today = utc(now).slice(0, DATE);
  const time = (ms: number | null) => (utc(ms).startsWith(today) ? utc(ms).slice(DATE) : utc(ms));
  return [
    { title: 'partition', cell: (row) => String(row.partition), align: 'right' },
    { title: 'next', cell: (row) => countText(row.nextOffset), align: 'right' },
    { title: 'end', cell: (row) => countText(row.end), align: 'right' },
    { title: 'lag', cell: (row) => countText(row.lag), align: 'right' },
    { title: 'arrival clock (UTC)', cell: (row) => time(row.arrivalClock) },
    { title: 'event clock', cell: (row) => time(row.eventClock) },
    { title: 'watermark', cell: (row) => time(row.watermark) },
    { title: 'open', cell: (row) => number(row.openVisits), align: 'right' },
    { title: 'outbox', cell: outbox, align: 'right' },
    { title: 'owner', cell: owner },
    {
      title: 'held back by',
      cell: ({ hold, lag }) => {
        if (hold === null) return lag === null ? '-' : { text: 'nothing', paint: style.green };
        return { text: visible(hold.text), paint: hold.kind === 'catching_up' ? style.yellow : style.red };
      },
    },
  ];
}

/** A table for people; it ends with sums and, if there is something to look at, with that. */
export function statusTable(rows: readonly Row[], style: Style = PLAIN, now = Date.now()): string {
  if (rows.length === 0) return 'no partition was ever taken over, and the topic shows none\n';
  return `${table(columnsOf(style, now), rows, style.bold)}\n${summary(rows)}\n`;
}

/** Lines below the table: what keeps processors from their work. */
export function troublesText(troubles: readonly Trouble[], style: Style = PLAIN): string {
  const withText = troubles.filter(({ text }) => text !== '');
  return withText.map(({ processor, text }) => `\n${style.red(visible(processor))}: ${lines(text)}\n`).join('');
}

function lines(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line))
    .join('\n  ');
}

function summary(rows: readonly Row[]): string {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const lag = rows.some((row) => row.lag === null)
    ? 'lag not known'
    : `${number(sum((row) => row.lag!))} records behind`;
  const parts = [
    lag,
    `${number(sum((row) => row.openVisits))} visits open`,
    `${number(sum((row) => row.outboxMessages))} messages to send`,
  ];
  const slowest = Math.max(...rows.map((row) => (row.lag === 0 ? 0 : (row.caughtUpIn ?? 0))));
  if (slowest > 0 && rows.every((row) => row.lag === 0 || row.caughtUpIn !== null))
    parts[0] += `, ${roughly(slowest)} left`;
  const away = rows.some(({ hold }) => hold?.kind === 'brokers');
  if (away) parts.push('the brokers do not answer, or not all: see that they run and can be reached');
  const postgres = rows.some(({ hold }) => hold?.kind === 'store');
  if (postgres)
    parts.push('Postgres holds up what it says: see that it runs, and that its connections and standbys do');
  const unowned = rows.filter(
    ({ hold, ownerConnected }) => !ownerConnected && (hold === null || hold.kind === 'no_processor'),
  ).length;
  if (unowned > 0 && !away)
    parts.push(`${unowned} of ${rows.length} partitions have no processor: start \`tidemark run\``);
  const wrong = sum((row) => row.anticipationsWrong);
  if (wrong > 0) parts.push(`${wrong} anticipations were wrong: compare this machine's clock with the brokers'`);
  return parts.join('; ');
}

function owner({ owner, ownerConnected }: Row): string {
  if (owner === null) return '-';
  return ownerConnected ? owner : `${owner} (gone)`;
}

function countText(value: number | null): string {
  return value === null ? '-' : String(value);
}

function outbox({ outboxMessages, outboxBytes }: Row): string {
  return outboxMessages === 0 ? '0' : `${outboxMessages} (${size(outboxBytes)})`;
}

/** A rounded size: what is waiting changes while it is read. */
function size(bytes: number): string {
  const unit = bytes < 1 << 20 ? 1 << 10 : 1 << 20;
  return formatBytes(Math.ceil(bytes / unit) * unit);
}
