import { Command } from 'commander';
import type { PartitionStatus } from '../postgres/status.ts';
import type { Settings } from '../settings/index.ts';
import { Failure, messageOf } from './failure.ts';
import type { ExitCode, Io } from './io.ts';
import { settingsOf, withSettings } from './settings-options.ts';
import { type Bounds, type Row, statusRows, statusTable } from './status-table.ts';

export function statusCommand(io: Io, finish: (code: ExitCode) => void): Command {
  return withSettings(new Command('status'), ['kafka', 'database', 'input', 'log'])
    .description('how far each partition is: offset, lag, both clocks, open visits, outbox, owner')
    .option('--json', 'print JSON, times in ms since the epoch')
    .addHelpText('after', EXAMPLES)
    .action(async ({ json }: { json?: boolean }, command: Command) => {
      const { settings } = settingsOf(command, io);
      const { partitions, outOfOrderness } = await readDatabase(settings);
      const bounds = await readBounds(settings, io);
      const rows = statusRows(partitions, bounds, outOfOrderness);
      io.out(json ? asJson(settings, rows) : statusTable(rows));
      if (bounds === null) finish(3);
    });
}

const EXAMPLES = `
Without Kafka it prints what Postgres knows, and exits 3.

Examples:
  $ tidemark status
  $ tidemark status --json | jq '.partitions[] | select(.lag > 1000)'
`;

interface Known {
  readonly partitions: PartitionStatus[];
  /** ms, of the settings that the state was folded under. */
  readonly outOfOrderness: number;
}

async function readDatabase(settings: Settings): Promise<Known> {
  const [{ connect }, { readMeta }, { readStatus }] = await Promise.all([
    import('../postgres/connect.ts'),
    import('../postgres/meta.ts'),
    import('../postgres/status.ts'),
  ]);
  const client = await connect(settings.database, 'tidemark status');
  try {
    const kept = (await readMeta(client))?.settings as Record<string, unknown> | undefined;
    const outOfOrderness = Number(kept?.['visit.out_of_orderness'] ?? settings.visit.outOfOrderness);
    return { partitions: await readStatus(client), outOfOrderness };
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code !== UNDEFINED_TABLE && code !== UNDEFINED_COLUMN) throw error;
    const message = `schema ${settings.database.schema} is not set up, or not by this version: run \`tidemark setup\``;
    throw new Failure(1, message, { cause: error });
  } finally {
    await client.end();
  }
}

const UNDEFINED_TABLE = '42P01';
const UNDEFINED_COLUMN = '42703';

/** By partition; null where Kafka cannot be asked, which is said. */
async function readBounds(settings: Settings, io: Io): Promise<ReadonlyMap<number, Bounds> | null> {
  const [{ kafkaClient }, { ClusterLink }, { boundsOf }, { quietly }] = await Promise.all([
    import('../kafka/client.ts'),
    import('../kafka/cluster.ts'),
    import('../kafka/offsets.ts'),
    import('./logger.ts'),
  ]);
  const { topic } = settings.input;
  const logger = quietly(settings.log, io);
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  try {
    return await link.ask(`the ends of ${topic}`, (cluster) => boundsOf(cluster, topic));
  } catch (error) {
    const where = `Kafka at ${settings.kafka.brokers.join(', ')}`;
    io.err(`tidemark: ${where} did not tell the ends of ${topic}: ${messageOf(error)}. Lag is not known\n`);
    return null;
  } finally {
    await link.close();
  }
}

function asJson(settings: Settings, partitions: readonly Row[]): string {
  const { topic } = settings.input;
  return `${JSON.stringify({ topic, group: settings.kafka.group, partitions }, null, 2)}\n`;
}
