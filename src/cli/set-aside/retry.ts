import { Command } from 'commander';
import type pg from 'pg';
import { counted } from '../../inspect/words.ts';
import type { ClusterLink } from '../../kafka/cluster.ts';
import type { Resender } from '../../kafka/resender.ts';
import type { SetAside } from '../../set-aside/record.ts';
import type { InputTopic } from '../../set-aside/resendable.ts';
import type { Fate } from '../../set-aside/retry.ts';
import type { Settings } from '../../settings/index.ts';
import { onDatabase } from '../database.ts';
import { Failure } from '../failure.ts';
import type { ExitCode, Io } from '../io.ts';
import { type KafkaParts, onKafka } from '../kafka.ts';
import { Progress } from '../progress.ts';
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
import { inTopic, positionOf } from './topic.ts';

interface Options extends FilterOptions {
  readonly limit?: number;
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

/** What became of the records, as `--json` has it. */
interface Outcome {
  sent: number;
  /** Sent by an earlier run. */
  sentBefore: number;
  /** Came back from a retry before. */
  cameBack: number;
  readonly refused: { readonly position: string; readonly why: string }[];
  /** With --dry-run: positions of those that would be sent. */
  readonly wouldSend: string[];
}

async function retryAll(settings: Settings, at: readonly Position[], options: Options, io: Io): Promise<ExitCode> {
  const { dryRun = false, json = false } = options;
  const name = settings.deadLetter.topic;
  const outcome: Outcome = { sent: 0, sentBefore: 0, cameBack: 0, refused: [], wouldSend: [] };
  const candidates: SetAside[] = [];
  const onFate = (record: SetAside, fate: Fate) => {
    if (fate.kind === 'before') outcome.sentBefore += 1;
    else if (fate.kind === 'again') outcome.cameBack += 1;
    else if (fate.kind === 'refused') outcome.refused.push({ position: positionOf(record), why: fate.why });
    else if (!dryRun) outcome.sent += 1;
    else {
      outcome.wouldSend.push(positionOf(record));
      if (candidates.length < SHOWN) candidates.push(record);
    }
  };
  await onDatabase(settings, 'tidemark dead-letter retry', (client) =>
    onKafka(settings, io, (link, parts) =>
      inTopic(name, async () => {
        const { retry } = await import('../../set-aside/retry.ts');
        const { assertSchemaVersion } = await import('../../postgres/migrate.ts');
        await assertSchemaVersion(client, settings.database.schema);
        const input = await inputOf(settings, client, parts, link);
        const progress = new Progress(io, `reading ${name}`);
        const records = wanted(link, name, at, options, progress);
        const resender = dryRun ? null : await openResender(settings, client, parts);
        try {
          await retry(records, {
            link,
            client,
            input,
            resender,
            again: options.again === true,
            limit: options.limit ?? null,
            now: Date.now,
            onFate,
          });
        } catch (error) {
          progress.end();
          if (outcome.sent > 0)
            io.err(
              `${counted(outcome.sent, 'record')} sent before this happened; run it again: it finds out what was sent\n`,
            );
          throw error;
        } finally {
          progress.end();
          await resender?.close();
        }
      }),
    ),
  );
  io.out(json ? `${JSON.stringify(outcome, null, 2)}\n` : text(outcome, candidates, dryRun, settings, io));
  return outcome.refused.length > 0 ? 1 : 0;
}

/** Of what would be sent, how many are shown one by one. */
const SHOWN = 50;

function text(outcome: Outcome, candidates: readonly SetAside[], dryRun: boolean, settings: Settings, io: Io): string {
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

async function* wanted(
  link: ClusterLink,
  topic: string,
  at: readonly Position[],
  options: Options,
  progress: Progress,
): AsyncGenerator<SetAside> {
  const { readOne, readSetAside } = await import('../../set-aside/read.ts');
  if (at.length === 0) {
    yield* readSetAside(link, topic, filterOf(options), ({ done, total }) => progress.at(done, total));
    return;
  }
  for (const { partition, offset } of at) {
    const record = await readOne(link, topic, partition, offset);
    if (record === null) throw new Failure(1, `no dead letter at ${partition}:${offset} in ${topic}`);
    yield record;
  }
}

/** @throws Failure where the state is of another input: what was retried there says nothing about this one */
async function inputOf(
  settings: Settings,
  client: pg.Client,
  { kafka }: KafkaParts,
  link: ClusterLink,
): Promise<InputTopic> {
  const [{ partitionsOf }, { messageLimits }, { readMeta }] = await Promise.all([
    import('../../kafka/offsets.ts'),
    import('../../kafka/layout.ts'),
    import('../../postgres/meta.ts'),
  ]);
  const { topic, format } = settings.input;
  const kept = (await readMeta(client))?.inputTopic ?? topic;
  if (kept !== topic) {
    const { schema } = settings.database;
    throw new Failure(
      2,
      `schema ${schema} was folded from topic ${kept}, and input.topic is ${topic}: set one of the two right`,
    );
  }
  const partitions = await link.ask(`partitions of ${topic}`, (cluster) => partitionsOf(cluster, topic));
  const admin = kafka.admin();
  try {
    await admin.connect();
    const limits = await messageLimits(admin, { output: topic, 'dead-letter': topic, late: topic });
    return { topic, format, partitions: partitions.length, maxBytes: limits.get('output')! };
  } finally {
    await admin.disconnect();
  }
}

/** @throws Failure where another retry is at work */
async function openResender(settings: Settings, client: pg.Client, { kafka, logger }: KafkaParts): Promise<Resender> {
  const [{ Resender }, { lockRetry }] = await Promise.all([
    import('../../kafka/resender.ts'),
    import('../../postgres/retried.ts'),
  ]);
  if (!(await lockRetry(client))) {
    throw new Failure(
      1,
      'another `tidemark dead-letter retry` is at work on this schema: wait until it is through, or end it',
    );
  }
  const { topic } = settings.input;
  return await Resender.open(kafka, topic, `${settings.kafka.group}.${topic}.retry`, logger);
}
