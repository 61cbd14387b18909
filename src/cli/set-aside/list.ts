import { Command } from 'commander';
import { counted } from '../../inspect/words.ts';
import type { SetAsideRecord } from '../../set-aside/record.ts';
import type { Settings } from '../../settings/index.ts';
import type { Io } from '../io.ts';
import { onKafka } from '../kafka.ts';
import { ProgressLine } from '../progress-line.ts';
import { settingsOf, withSettings } from '../settings-options.ts';
import { type Style, styleFor } from '../style.ts';
import { type Column, table, visible } from '../table.ts';
import { number, utc } from '../words.ts';
import { type FilterOptions, filterOf, withFilter, withLimit } from './options.ts';
import { retriedOf } from './retried.ts';
import { type AsideTopic, asJson, DEAD_LETTER, inTopic, positionOf } from './topic.ts';

interface Options extends FilterOptions {
  readonly limit: number;
  readonly json?: boolean;
}

export interface Listed {
  /** In the order of the topic's partitions and offsets. */
  readonly records: readonly SetAsideRecord[];
  /** How many passed the filter, by reason. */
  readonly byReason: ReadonlyMap<string, number>;
}

export function listCommand(topic: AsideTopic, reasons: readonly string[], examples: string, io: Io): Command {
  const command = withSettings(new Command('list'), ['kafka', 'database', 'input', 'log'])
    .description(`the ${topic.many}, the latest last, and how many there are of each reason`)
    .option('--json', 'print JSON, times in ms since the epoch');
  withFilter(command, reasons);
  return withLimit(command, 'show no more than the latest of them', 50)
    .addHelpText('after', examples)
    .action(async (options: Options, command: Command) => {
      const { settings } = settingsOf(command, io);
      const listed = await list(topic, settings, options, io);
      // Late records are not sent again.
      const retried = topic === DEAD_LETTER ? await retriedOf(listed.records, settings, io) : null;
      if (options.json) io.out(`${JSON.stringify(listJson(topic.nameOf(settings), listed, retried), null, 2)}\n`);
      else io.out(listText(topic, listed, retried, styleFor(io.terminal, io.env)));
    });
}

async function list(topic: AsideTopic, settings: Settings, options: Options, io: Io): Promise<Listed> {
  const { readSetAside } = await import('../../set-aside/read.ts');
  const name = topic.nameOf(settings);
  const progress = new ProgressLine(io, `reading ${name}`);
  const byReason = new Map<string, number>();
  let latest: SetAsideRecord[] = [];
  const trim = () => {
    latest = latest.sort(byTime).slice(-options.limit);
  };
  await onKafka(settings, io, 'reader', (link) =>
    inTopic(name, async () => {
      const records = readSetAside(link, name, filterOf(options), ({ done, total }) => progress.at(done, total));
      for await (const record of records) {
        byReason.set(record.reason, (byReason.get(record.reason) ?? 0) + 1);
        latest.push(withoutValue(record));
        if (latest.length >= options.limit * 2 + 100) trim();
      }
    }),
  ).finally(() => progress.end());
  trim();
  return { records: latest, byReason };
}

function byTime(a: SetAsideRecord, b: SetAsideRecord): number {
  return a.setAsideAt - b.setAsideAt || a.partition - b.partition || a.offset - b.offset;
}

/** Key and value are slices of a whole fetch, which a list of records must not keep in memory. */
function withoutValue(record: SetAsideRecord): SetAsideRecord {
  const { offset, timestamp, key } = record.raw;
  return {
    ...record,
    raw: { offset, timestamp, key: key === null ? null : Buffer.from(key), value: null, headers: [] },
  };
}

function listJson(topic: string, { records, byReason }: Listed, retried: ReadonlyMap<SetAsideRecord, string> | null) {
  return {
    topic,
    total: [...byReason.values()].reduce((sum, count) => sum + count, 0),
    byReason: Object.fromEntries(byReason),
    records: records.map((record) => ({
      ...asJson(record),
      ...(retried === null ? {} : { retried: retried.get(record) ?? null }),
    })),
  };
}

function listText(
  topic: AsideTopic,
  { records, byReason }: Listed,
  retried: ReadonlyMap<SetAsideRecord, string> | null,
  style: Style,
): string {
  const total = [...byReason.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return `no ${topic.many}\n`;
  const columns: Column<SetAsideRecord>[] = [
    { title: 'position', cell: positionOf },
    { title: 'set aside (UTC)', cell: ({ setAsideAt }) => utc(setAsideAt) },
    { title: 'reason', cell: ({ reason }) => ({ text: visible(reason), paint: style.yellow }) },
    { title: 'source', cell: ({ source }) => (source === null ? '-' : positionOf(source)) },
    { title: 'key', cell: ({ raw }) => visible(raw.key?.toString() ?? '-'), most: 40 },
    ...(retried === null
      ? []
      : [
          {
            title: 'retried',
            cell: (record: SetAsideRecord) => retried.get(record) ?? (record.again ? 'came back' : ''),
          },
        ]),
    { title: 'error', cell: ({ error }) => visible(error), most: 100 },
  ];
  const reasons = [...byReason]
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${visible(reason)} ${number(count)}`);
  const shown = records.length < total ? `the latest ${number(records.length)} of ` : '';
  const how = style.dim(`tidemark ${topic.command} show ${positionOf(records.at(-1)!)} shows one`);
  return `${table(columns, records, style.bold)}\n${shown}${counted(total, topic.one)}: ${reasons.join(', ')}; ${how}\n`;
}
