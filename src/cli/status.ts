import { Command, Option } from 'commander';
import type { Trouble } from '../postgres/trouble.ts';
import type { Settings } from '../settings/index.ts';
import { wallClock } from '../time/clock.ts';
import { onDatabase } from './database.ts';
import type { ExitCode, Io } from './io.ts';
import { settingsOf, withSettings } from './settings-options.ts';
import { holdOf } from './status/hold.ts';
import { caughtUpIn, paces, type Snapshot } from './status/pace.ts';
import { StatusReader } from './status/read.ts';
import type { Row } from './status/row.ts';
import { statusRows, statusTable, troublesText } from './status-table.ts';
import { styleFor } from './style.ts';

interface Options {
  readonly json?: boolean;
  readonly quick?: boolean;
  readonly watch?: boolean;
}

export function statusCommand(io: Io, finish: (code: ExitCode) => void): Command {
  return withSettings(new Command('status'), ['kafka', 'registry', 'database', 'input', 'log'])
    .description('how far each partition is, who folds it, what holds it back, and how long until it has caught up')
    .option('--json', 'print JSON, times in ms since the epoch')
    .option('--quick', 'do not wait for another commit to see how fast a backlog is worked off')
    .addOption(new Option('--watch', 'read it again every 2 seconds, until Ctrl-C').conflicts('json'))
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options, command: Command) => {
      const { settings } = settingsOf(command, io);
      finish(await status(settings, options, io));
    });
}

const EXAMPLES = `
Where there is a backlog it waits for another commit, commit.interval at most, to tell how fast it goes. Without Kafka it
prints what Postgres knows, and exits 3.

Examples:
  $ tidemark status
  $ tidemark status --watch
  $ tidemark status --json | jq '.partitions[] | select(.hold != null) | {partition, hold, caughtUpIn}'
`;

/** Between two readings, ms. */
const PAUSE = 500;
const WATCH = 2_000;
/** How far back `--watch` keeps readings, from which it reckons a pace, ms. */
const READINGS_SPAN = 30_000;
/** Lag of less than this, ms, is no backlog: live traffic is behind by what comes between two commits. */
const LIVE = 5_000;
const CLEAR = '\x1b[H\x1b[2J';

async function status(settings: Settings, options: Options, io: Io): Promise<ExitCode> {
  try {
    return await statusOfAll(settings, options, io);
  } catch (error) {
    if ((error as Error).name !== 'DatabaseUnreachable') throw error;
    return await withoutPostgres(settings, options, io, error as Error);
  }
}

/** What the brokers know of who has which partition. @throws the error where they do not answer either */
async function withoutPostgres(settings: Settings, options: Options, io: Io, error: Error): Promise<ExitCode> {
  const { onKafkaLink } = await import('./kafka.ts');
  return await onKafkaLink(settings, io, async (link): Promise<ExitCode> => {
    const { bounds, holders } = await new StatusReader(null, link, settings, io).readKafka();
    if (bounds === null) throw error;
    const rows = statusRows([], bounds, 0).map((row): Row => {
      const owner = holders?.byPartition.get(row.partition) ?? null;
      return { ...row, lag: null, owner, ownerConnected: owner !== null, hold: { kind: 'store', text: AWAY } };
    });
    const members = holders === null ? '' : `; ${holders.members} members of group ${settings.kafka.group} are there`;
    const say = `tidemark: ${error.message}. What follows is what the brokers know${members}\n`;
    io.err(say);
    io.out(options.json ? asJson(settings, rows, []) : statusTable(rows, styleFor(io.terminal, io.env)));
    return 3;
  });
}

const AWAY = 'Postgres cannot be reached: whoever has it goes on by itself once it can';

async function statusOfAll(settings: Settings, options: Options, io: Io): Promise<ExitCode> {
  const [{ onKafkaLink }, { readMeta }] = await Promise.all([import('./kafka.ts'), import('../postgres/meta.ts')]);
  return await onDatabase(settings, 'tidemark status', (client) =>
    onKafkaLink(settings, io, async (link) => {
      const kept = (await readMeta(client))?.settings as Record<string, unknown> | undefined;
      const outOfOrderness = Number(kept?.['visit.out_of_orderness'] ?? settings.visit.outOfOrderness);
      const reader = new StatusReader(client, link, settings, io);
      const style = styleFor(io.terminal, io.env);
      const show = async (readings: readonly Snapshot[], before = '') => {
        const rows = await rowsOf(readings, outOfOrderness, reader, settings);
        const { troubles } = readings.at(-1)!;
        const text = () => `${before}${statusTable(rows, style)}${troublesText(troubles, style)}`;
        io.out(options.json ? asJson(settings, rows, troubles) : text());
      };
      if (options.watch) return await watch(reader, show, io);
      const readings = [await reader.read()];
      if (!options.quick) await measure(readings, reader, settings, io);
      await show(readings);
      return readings[0]!.bounds === null ? 3 : 0;
    }),
  );
}

async function watch(
  reader: StatusReader,
  show: (readings: readonly Snapshot[], before: string) => Promise<void>,
  io: Io,
): Promise<ExitCode> {
  const { untilSignal } = await import('./signals.ts');
  const ending = untilSignal();
  let readings: readonly Snapshot[] = [];
  try {
    while (!ending.signal.aborted) {
      const now = await reader.read();
      readings = [...readings.filter(({ at }) => now.at - at < READINGS_SPAN), now];
      await show(readings, io.terminal ? CLEAR : '');
      await wallClock.sleep(WATCH, ending.signal);
    }
  } finally {
    ending.stop();
  }
  return 0;
}

/** Reads until all partitions with a backlog have committed, or until there was time enough for that. */
async function measure(readings: Snapshot[], reader: StatusReader, { commit }: Settings, io: Io): Promise<void> {
  const behind = backlogs(readings[0]!);
  if (behind.length === 0) return;
  if (io.errTerminal) io.err('seeing how fast the backlog is worked off …');
  const until = Date.now() + commit.interval + 2 * PAUSE;
  while (Date.now() < until) {
    await wallClock.sleep(PAUSE);
    readings.push(await reader.read());
    const known = paces(readings);
    if (behind.every((partition) => known.has(partition))) break;
  }
  if (io.errTerminal) io.err('\r\x1b[K');
}

function backlogs({ at, partitions, bounds }: Snapshot): number[] {
  const behind = partitions.filter(({ partition, nextOffset, ownerConnected, arrivalClock }) => {
    const end = bounds?.get(partition)?.end ?? 0;
    return ownerConnected && end > nextOffset && at - (arrivalClock ?? 0) > LIVE;
  });
  return behind.map(({ partition }) => partition);
}

async function rowsOf(
  readings: readonly Snapshot[],
  outOfOrderness: number,
  reader: StatusReader,
  settings: Settings,
): Promise<Row[]> {
  const last = readings.at(-1)!;
  const watched = last.at - readings[0]!.at;
  const pace = paces(readings);
  const behind = new Set(backlogs(last));
  const rows = statusRows(last.partitions, last.bounds, outOfOrderness);
  const withHolds: Row[] = [];
  for (const row of rows) {
    const isBehind = behind.has(row.partition);
    const stands = isBehind && !pace.has(row.partition) && watched > 0;
    const from = row.nextOffset ?? last.bounds?.get(row.partition)?.earliest ?? 0;
    const seen = {
      pace: isBehind ? pace.get(row.partition) : undefined,
      behind: isBehind,
      watched,
      schema: stands ? await reader.schemaWait(row.partition, from, row.end!) : null,
      brokers: last.brokers,
      waits: last.troubles.flatMap(({ waits }) => waits.filter((wait) => wait.partition === row.partition)),
      at: last.at,
      holders: last.holders,
      outboxMaxBytes: settings.outbox.maxBytes,
    };
    withHolds.push(withHold(row, seen));
  }
  return withHolds;
}

function withHold(row: Row, seen: Parameters<typeof holdOf>[1]): Row {
  const { pace } = seen;
  return {
    ...row,
    hold: holdOf(row, seen),
    recordsPerSecond: pace === undefined ? null : Math.round(pace.folded),
    caughtUpIn: row.lag === null ? null : caughtUpIn(row.lag, pace),
  };
}

function asJson(settings: Settings, partitions: readonly Row[], troubles: readonly Trouble[]): string {
  const { topic } = settings.input;
  const reported = troubles.filter(({ text }) => text !== '').map(({ processor, text }) => ({ processor, text }));
  return `${JSON.stringify({ topic, group: settings.kafka.group, partitions, troubles: reported }, null, 2)}\n`;
}
