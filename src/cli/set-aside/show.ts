import { Command } from 'commander';
import type { ClusterLink } from '../../kafka/cluster.ts';
import type { SetAsideRecord } from '../../set-aside/record.ts';
import type { ShownValue } from '../../set-aside/shown-value.ts';
import type { Settings } from '../../settings/index.ts';
import { Failure } from '../failure.ts';
import type { Io } from '../io.ts';
import { onKafka } from '../kafka.ts';
import { ProgressLine } from '../progress-line.ts';
import { settingsOf, withSettings } from '../settings-options.ts';
import { type Style, styleFor } from '../style.ts';
import { factTable, visible } from '../table.ts';
import { number, utc } from '../words.ts';
import { type Position, position } from './options.ts';
import { type AsideTopic, asJson, inTopic, positionOf } from './topic.ts';

interface Options {
  readonly source?: boolean;
  readonly json?: boolean;
}

export function showCommand(topic: AsideTopic, io: Io): Command {
  return withSettings(new Command('show'), ['kafka', 'registry', 'input', 'log'])
    .description(
      `one ${topic.one}: where it came from, why it is here, its headers and its value as far as it can be decoded`,
    )
    .argument(
      '<partition:offset>',
      `where it lies in the topic, as \`tidemark ${topic.command} list\` shows it`,
      position,
    )
    .option('--source', 'the position is that of the record in the input topic: all that was set aside of it')
    .option('--json', 'print JSON, times in ms since the epoch')
    .addHelpText(
      'after',
      `
Values are decoded by their schema id or as JSON; what is neither is shown as bytes.

Examples:
  $ tidemark ${topic.command} show 3:17
  $ tidemark ${topic.command} show --source 3:120774
`,
    )
    .action(async (at: Position, { source = false, json = false }: Options, command: Command) => {
      const { settings } = settingsOf(command, io);
      const found = await find(topic, settings, at, source, io);
      const values = await Promise.all(found.map(({ raw }) => shownOf(raw.value, settings)));
      if (json) {
        const all = found.map((record, i) => ({ ...asJson(record), headers: headersOf(record), value: values[i] }));
        io.out(`${JSON.stringify(source ? all : all[0], null, 2)}\n`);
        return;
      }
      const style = styleFor(io.terminal, io.env);
      io.out(found.map((record, i) => recordText(topic, record, values[i]!, style)).join('\n'));
    });
}

/** @throws Failure where there is none */
async function find(
  topic: AsideTopic,
  settings: Settings,
  at: Position,
  source: boolean,
  io: Io,
): Promise<SetAsideRecord[]> {
  const name = topic.nameOf(settings);
  const found = await onKafka(settings, io, 'reader', (link) =>
    inTopic(name, () => (source ? bySource(link, settings, name, at, io) : byPosition(link, name, at))),
  );
  if (found.length > 0) return found;
  const what = source ? `of the record at ${positionOf(at)} of ${settings.input.topic}` : `at ${positionOf(at)}`;
  const where = source
    ? 'none was set aside, or retention has deleted it'
    : 'the topic ends before it, retention has deleted it, or it is a marker';
  throw new Failure(
    1,
    `no ${topic.one} ${what} in ${name}: ${where}. \`tidemark ${topic.command} list\` shows those that are there`,
  );
}

async function byPosition(
  link: ClusterLink,
  topic: string,
  { partition, offset }: Position,
): Promise<SetAsideRecord[]> {
  const { readOne } = await import('../../set-aside/read.ts');
  const record = await readOne(link, topic, partition, offset);
  return record === null ? [] : [record];
}

async function bySource(
  link: ClusterLink,
  settings: Settings,
  topic: string,
  at: Position,
  io: Io,
): Promise<SetAsideRecord[]> {
  const { readSetAside } = await import('../../set-aside/read.ts');
  const progress = new ProgressLine(io, `looking through ${topic}`);
  const all = { reasons: null, since: null, until: null, partition: null };
  const found: SetAsideRecord[] = [];
  try {
    for await (const record of readSetAside(link, topic, all, ({ done, total }) => progress.at(done, total))) {
      const { source } = record;
      if (source?.topic !== settings.input.topic) continue;
      if (source.partition === at.partition && source.offset === at.offset) found.push(record);
    }
  } finally {
    progress.end();
  }
  return found;
}

async function shownOf(value: Buffer | null, settings: Settings): Promise<ShownValue> {
  const [{ writerSchemasOf }, { shownValue }] = await Promise.all([
    import('../writer-schemas.ts'),
    import('../../set-aside/shown-value.ts'),
  ]);
  return await shownValue(value, writerSchemasOf(settings).writerSchema);
}

/** The headers in their order; a name may occur more than once. */
function headersOf({ raw }: SetAsideRecord): (readonly [string, string])[] {
  return raw.headers.map(([name, value]) => [name, value.toString()]);
}

function recordText(topic: AsideTopic, record: SetAsideRecord, value: ShownValue, style: Style): string {
  const { source, raw } = record;
  const head = factTable(
    [
      ['reason', { text: visible(record.reason), paint: style.yellow }],
      ['error', visible(record.error)],
      ['set aside', `${utc(record.setAsideAt)} UTC`],
      [
        'came from',
        source === null
          ? 'not known'
          : `${visible(source.topic)}, partition ${source.partition}, offset ${source.offset}`,
      ],
      ['event', source === null || source.index === 0 ? null : `number ${source.index + 1} of its record`],
      ['stamped', source === null ? null : `${utc(source.timestamp)} UTC`],
      ['visit', record.visitId],
      ['retried', record.again ? 'before: it came back, and failed again' : null],
      ['key', raw.key === null ? 'none' : visible(raw.key.toString())],
    ],
    style.dim,
  );
  const headers = factTable(
    headersOf(record).map(([name, text]) => [visible(name), visible(text)]),
    style.dim,
  );
  return [
    `${style.bold(`${topic.one} ${positionOf(record)}`)}\n${head}`,
    `${style.bold('headers')}\n${headers}`,
    `${style.bold('value')} ${valueText(record, value)}\n`,
  ].join('\n');
}

function valueText({ truncated }: SetAsideRecord, value: ShownValue): string {
  switch (value.format) {
    case 'none':
      return truncated ? 'did not fit into this topic: see the record where it came from' : 'none';
    case 'avro':
      return `(Avro, schema id ${value.schemaId})\n${pretty(value.value)}`;
    case 'json':
      return `(JSON)\n${pretty(value.value)}`;
    case 'bytes': {
      const cut = value.hex.length < value.bytes * 2 ? `, the first ${value.hex.length / 2}` : '';
      return `(${number(value.bytes)} bytes${cut}: ${visible(value.note)})\n${hexLines(value.hex)}`;
    }
  }
}

/** JSON escapes control characters, but not those that change the direction of writing. */
function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => visible(line))
    .join('\n');
}

/** Lines like hexdump's: offset, 16 bytes, and those of them that are ASCII. */
function hexLines(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const line = bytes.subarray(at, at + 16);
    const pairs = [...line].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const ascii = [...line].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${pairs.padEnd(47)}  ${ascii}`);
  }
  return lines.join('\n');
}
