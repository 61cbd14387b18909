import { Command } from 'commander';
import type pg from 'pg';
import { counted } from '../../inspect/words.ts';
import type { ClusterLink } from '../../kafka/cluster.ts';
import type { SetAsideRecord } from '../../set-aside/record.ts';
import type { Fate } from '../../set-aside/retry.ts';
import type { Settings } from '../../settings/index.ts';
import { onDatabase } from '../database.ts';
import { Failure } from '../failure.ts';
import type { ExitCode, Io } from '../io.ts';
import { type KafkaParts, onKafka } from '../kafka.ts';
import { ProgressLine } from '../progress-line.ts';
import { settingsOf, withSettings } from '../settings-options.ts';
import { styleFor } from '../style.ts';
import { table, visible } from '../table.ts';
import { number, utc } from '../words.ts';
import {
  DEAD_REASONS,
  type FilterOptions,
  filterOf,
  type Position,
  position,
  withFilter,
  withLimit,
} from './options.ts';
import { inputOf, openResender, selectRecords } from './retry-parts.ts';
import { inTopic, positionOf } from './topic.ts';

interface Options extends FilterOptions {
  readonly limit?: number | null;
  readonly again?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export function retryCommand(io: Io, finish: (code: ExitCode) => void): Command {
  const command = withSettings(new Command('retry'), ['kafka', 'database', 'input', 'log'])
    .description('send dead letters to the input topic again, each once, however often this is run')
    .argument('[partition:offset...]', 'those that lie there in the topic; none: all that the options take', positions)
    .option('--dry-run', 'only tell what would be sent')
    .option('--again', 'those too that were retried before and came back: nothing else sends a record twice')
    .option('--json', 'print JSON');
  withFilter(command, DEAD_REASONS);
  return withLimit(command, 'stop after so many were sent')
    .addHelpText('after', EXAMPLES)
    .action(async (at: Position[], options: Options, command: Command) => {
      const { settings } = settingsOf(command, io);
      if (at.length > 0 && Object.values(filterOf(options)).some((given) => given !== null)) {
        throw new Failure(
          2,
          'positions and --reason, --since, --until or --partition were given: give one or the other',
        );
      }
      finish(await retryAll(settings, at, options, io));
    });
}

const EXAMPLES = `
A record goes to its own partition with its own key, value and headers, and with the time at which it first came in header
tidemark-received-at. What fails again comes back as a new dead letter, which is left alone unless --again is given.
It is safe to kill this and run it again. Exits 1 if a record was refused.

Examples:
  $ tidemark dead-letter retry --reason undecodable --since 2h --dry-run
  $ tidemark dead-letter retry --reason undecodable --since 2h
  $ tidemark dead-letter retry 3:17 3:18
`;

function positions(text: string, before: Position[] = []): Position[] {
  return [...before, position(text)];
}

/** What became of the records, in the form of `--json`. */
interface Outcome {
  sent: number;
  /** Those that an earlier run sent. */
  sentBefore: number;
  /** Those that came back from a retry before. */
  cameBack: number;
  readonly refused: { readonly position: string; readonly why: string }[];
  /** With --dry-run: positions of those that would be sent. */
  readonly wouldSend: string[];
}

async function retryAll(settings: Settings, at: readonly Position[], options: Options, io: Io): Promise<ExitCode> {
  const { dryRun = false, json = false } = options;
  const outcome: Outcome = { sent: 0, sentBefore: 0, cameBack: 0, refused: [], wouldSend: [] };
  const candidates: SetAsideRecord[] = [];
  const onFate = (record: SetAsideRecord, fate: Fate) => {
    if (fate.kind === 'before') outcome.sentBefore += 1;
    else if (fate.kind === 'again') outcome.cameBack += 1;
    else if (fate.kind === 'refused') outcome.refused.push({ position: positionOf(record), why: fate.why });
    else if (!dryRun) outcome.sent += 1;
    else {
      outcome.wouldSend.push(positionOf(record));
      if (candidates.length < SHOWN) candidates.push(record);
    }
  };
  const retryRecords = retryOf(settings, at, options, onFate, io);
  await onDatabase(settings, 'tidemark dead-letter retry', (client) =>
    onKafka(settings, io, 'retry', (link, parts) =>
      inTopic(settings.deadLetter.topic, () => retryRecords(client, link, parts)),
    ),
  );
  io.out(json ? `${JSON.stringify(outcome, null, 2)}\n` : text(outcome, candidates, dryRun, settings, io));
  return outcome.refused.length > 0 ? 1 : 0;
}

function retryOf(
  settings: Settings,
  at: readonly Position[],
  { dryRun = false, again = false, limit = null, ...filter }: Options,
  onFate: (record: SetAsideRecord, fate: Fate) => void,
  io: Io,
) {
  return async (client: pg.Client, link: ClusterLink, parts: KafkaParts): Promise<void> => {
    const [{ mustHaveRights }, { retry }, { assertSchemaVersion }, { assertRights }] = await Promise.all([
      import('../rights.ts'),
      import('../../set-aside/retry.ts'),
      import('../../postgres/migrate.ts'),
      import('../../postgres/rights.ts'),
    ]);
    await assertRights(client, settings.database.schema, 'retry');
    await assertSchemaVersion(client, settings.database.schema);
    // Some of these rights are needed only where a retry before this one did not end.
    if (!dryRun) await mustHaveRights('retry', settings, link);
    const input = await inputOf(settings, client, parts, link);
    const resender = dryRun ? null : await openResender(settings, client, parts);
    const topic = settings.deadLetter.topic;
    const progress = new ProgressLine(io, `reading ${topic}`);
    const records = selectRecords(link, topic, at, filterOf(filter), progress);
    try {
      await retry(records, { link, client, input, resender, again, limit, now: Date.now, onFate });
    } catch (error) {
      progress.end();
      if (!dryRun) io.err('tidemark: not all was sent. Run it again: it finds out what was, and sends the rest\n');
      throw error;
    } finally {
      progress.end();
      await resender?.close();
    }
  };
}

/** How many of those that would be sent are listed one by one. */
const SHOWN = 50;

function text(
  outcome: Outcome,
  candidates: readonly SetAsideRecord[],
  dryRun: boolean,
  settings: Settings,
  io: Io,
): string {
  const style = styleFor(io.terminal, io.env);
  const { sent, sentBefore, cameBack, refused, wouldSend } = outcome;
  const lines: string[] = [];
  if (candidates.length > 0) {
    lines.push(
      table(
        [
          { title: 'position', cell: positionOf },
          { title: 'set aside (UTC)', cell: ({ setAsideAt }) => utc(setAsideAt) },
          { title: 'reason', cell: ({ reason }) => visible(reason) },
          { title: 'to partition', cell: ({ source }) => String(source!.partition), align: 'right' },
          { title: 'key', cell: ({ raw }) => visible(raw.key?.toString() ?? '-'), most: 40 },
        ],
        candidates,
        style.bold,
      ),
    );
  }
  for (const { position: where, why } of refused) lines.push(`${style.red('refused')} ${where}: ${why}\n`);
  const count = dryRun ? `${counted(wouldSend.length, 'record')} would be sent` : `${counted(sent, 'record')} sent`;
  const parts = [`${count} to ${settings.input.topic}`];
  if (sentBefore > 0) parts.push(`${number(sentBefore)} sent before`);
  if (cameBack > 0) parts.push(`${number(cameBack)} came back from a retry before (--again sends them once more)`);
  if (refused.length > 0) parts.push(`${number(refused.length)} refused`);
  lines.push(`${parts.join('; ')}\n`);
  return lines.join('');
}
