import pg from 'pg';
import { tool } from '../../src/local/access.ts';
import type { Parts } from '../support/parts.ts';
import type { ConsoleRecord } from '../support/read-topic.ts';
import { compare, type Difference } from '../support/verdict/compare.ts';
import { verdictOn } from '../support/verdict/index.ts';
import type { ChaosGround } from './ground.ts';
import { type Load, NUMBER } from './load.ts';
import { FEWER, NAME, PARTITIONS } from './settings.ts';

export interface Verdict {
  /** Of the input. */
  readonly records: number;
  readonly events: number;
  readonly visits: number;
  readonly messages: number;
  readonly anticipationsWrong: number;
  /** Of the reference: what the run was about. */
  readonly counts: Readonly<Record<string, number>>;
  /** One for each view and topic. */
  readonly compared: readonly Difference[];
}

/** Call once all is drained and no processor runs; ends the output topics with a record of its own. */
export async function judge({ parts, settings, direct }: ChaosGround, load: Load): Promise<Verdict> {
  const written = (await ends(parts)).reduce((sum, end) => sum + end, 0);
  const database = new pg.Client(direct.databaseUrl);
  await database.connect();
  await database.query(`SET search_path TO ${NAME}; SET TimeZone TO 'UTC'`);
  const otherPartitions = { 'dead-letter': FEWER.deadLetter, late: FEWER.late };
  const judged = { parts, settings, database, partitions: PARTITIONS, otherPartitions, written };
  const { input, folded, status, compared } = await verdictOn(judged).finally(() => database.end());
  const [read, ...others] = compared as [Difference, ...Difference[]];
  const acknowledged = compare('records acknowledged', numbersIn(input, load), [...load.acknowledged], String);
  const sum = (name: string) => folded.reduce((total, { answer }) => total + (answer.counts[name as 'events'] ?? 0), 0);
  return {
    records: input.length,
    events: sum('events'),
    visits: folded.reduce((total, { answer }) => total + answer.visits.length, 0),
    messages: folded.reduce((total, { answer }) => total + answer.emissions.length, 0),
    anticipationsWrong: status.reduce((total, { counts }) => total + counts.anticipationsWrong, 0),
    counts: Object.fromEntries(Object.keys(folded[0]!.answer.counts).map((name) => [name, sum(name)])),
    compared: [read, acknowledged, ...others],
  };
}

/** The numbers of the load's records, in order; what may be there twice is there once. */
function numbersIn(input: readonly ConsoleRecord[], { again }: Load): number[] {
  const found = input.map(({ headers }) => Number(headers.find(([name]) => name === NUMBER)?.[1]));
  const seen = new Set<number>();
  const kept = found.filter((number) => {
    const isAgain = seen.has(number) && again.has(number);
    seen.add(number);
    return !isAgain;
  });
  return kept.sort((a, b) => a - b);
}

/** The offsets behind the last record of each partition of the input, by the brokers' own tool. */
export async function ends({ access }: Parts): Promise<number[]> {
  const said = await tool(access!, 'org.apache.kafka.tools.GetOffsetShell', '--topic', NAME);
  const found = [...said.matchAll(new RegExp(`^${NAME}:(\\d+):(\\d+)$`, 'gm'))];
  if (found.length !== PARTITIONS) throw new Error(`the tool names the ends of ${found.length} partitions: ${said}`);
  return found.sort(([, a], [, b]) => Number(a) - Number(b)).map(([, , end]) => Number(end));
}
