/**
 * Whether what is there is right: what the views hold and what a plain read-committed client in Java reads of the
 * output, dead-letter and late topics is what the reference makes of the input topic as that client reads it.
 */
import pg from 'pg';
import type { Emission } from '../../src/core/changes.ts';
import { tool } from '../../src/local/access.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { readStatus } from '../../src/postgres/status.ts';
import { rulesOf, type Settings } from '../../src/settings/index.ts';
import { AvroDecoder, UNKNOWN_SCHEMA } from '../../src/wire/avro.ts';
import { VISIT_ENDED_SCHEMA } from '../../src/wire/schemas.ts';
import { type ConsoleRecord, readTopic } from '../e2e/support/console.ts';
import { plainProducer, sendEach } from '../e2e/support/kafka.ts';
import { type Folded, viewsIn, viewsOf } from '../e2e/support/rows.ts';
import { reference, type Step } from '../reference/reference.ts';
import type { Parts } from '../support/parts.ts';
import { askRegistry, schemaOf } from '../support/registry.ts';
import { compare, type Difference } from './compare.ts';
import type { Ground } from './ground.ts';
import { type Load, NUMBER } from './load.ts';
import { comparable, identity, inOrder, isSeal, message, SEAL_VALUE, seal } from './messages.ts';
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

/** Long past all that was written: the log's silence after its last record, ms. */
const SILENCE = 3_600_000;

/** Call once all is drained and no processor runs; ends the output topics with a record of its own. */
export async function judge({ parts, settings, direct }: Ground, load: Load): Promise<Verdict> {
  const written = (await ends(parts)).reduce((sum, end) => sum + end, 0);
  const input = await readTopic(parts, NAME, written);
  const folded = await fold(parts, settings, input);
  const compared: Difference[] = [
    compare('input records read', [...Array(input.length).keys()], [...Array(written).keys()], String),
    compare('records acknowledged', numbersIn(input, load), [...load.acknowledged], String),
  ];

  const client = new pg.Client(direct.databaseUrl);
  await client.connect();
  await client.query(`SET search_path TO ${NAME}; SET TimeZone TO 'UTC'`);
  const views = await viewsIn(client);
  const status = await readStatus(client);
  await client.end();
  const right = viewsOf(folded);
  for (const [view, key] of Object.entries(KEYS) as [keyof typeof KEYS, readonly string[]][]) {
    const keyOf = (row: Readonly<Record<string, unknown>>) => key.map((column) => String(row[column])).join(' ');
    compared.push(compare(view, views[view], right[view], keyOf));
  }
  compared.push(
    compare(
      'counts',
      status.map(({ partition, counts }) => ({ partition, counts })),
      folded.map(({ partition, answer }) => ({ partition, counts: answer.counts })),
      ({ partition }) => String(partition),
    ),
  );

  const topics: readonly [Emission<unknown>['kind'], string, number][] = [
    ['output', settings.output.topic, PARTITIONS],
    ['dead-letter', settings.deadLetter.topic, FEWER.deadLetter],
    ['late', settings.late.topic, FEWER.late],
  ];
  const schemaId = await idOf(parts, `${settings.output.topic}-value`, VISIT_ENDED_SCHEMA);
  for (const [kind, topic, partitions] of topics) {
    await sealUp(parts, topic, partitions);
    const expected = folded.flatMap(({ partition, answer }) =>
      answer.emissions
        .filter((one) => one.kind === kind)
        .map((one) => message(one, partition, { partitions, schemaId })),
    );
    const all = inOrder([...expected, ...Array.from({ length: partitions }, (_, i) => seal(i))]);
    const found = inOrder((await readAll(parts, topic, all.length, partitions)).map(comparable));
    compared.push({ ...compare(`${kind} topic`, found, all, identity), expected: expected.length });
  }
  const sum = (name: string) => folded.reduce((total, { answer }) => total + (answer.counts[name as 'events'] ?? 0), 0);
  return {
    records: input.length,
    events: sum('events'),
    visits: right.visits.length,
    messages: folded.reduce((total, { answer }) => total + answer.emissions.length, 0),
    anticipationsWrong: status.reduce((total, { counts }) => total + counts.anticipationsWrong, 0),
    counts: Object.fromEntries(Object.keys(folded[0]!.answer.counts).map((name) => [name, sum(name)])),
    compared,
  };
}

const KEYS = {
  visits: ['visit_id'],
  visit_events: ['visit_id', 'event_id'],
  visit_revisions: ['visit_id', 'revision'],
  sessions: ['session_id', 'partition'],
  profiles: ['profile_id'],
} as const;

async function fold(parts: Parts, settings: Settings, input: readonly ConsoleRecord[]): Promise<Folded[]> {
  const avro = new AvroDecoder({ keepProperties: settings.events.keepProperties });
  for (const id of new Set(input.map(({ value }) => schemaIdIn(value)))) {
    if (id !== null) avro.addWriter(id, (await schemaOf(parts, id)) ?? UNKNOWN_SCHEMA);
  }
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const own = input.filter((record) => record.partition === partition);
    const steps: Step<RawRecord>[] = own.map((record) => ({ record: avro.decode(record) }));
    // What ended since was anticipated, and the log's next record, whenever it comes, says the same.
    if (own.length > 0) steps.push({ now: own.at(-1)!.timestamp + SILENCE });
    return { partition, steps, answer: reference(rulesOf(settings), { topic: NAME, partition }, steps) };
  });
}

function schemaIdIn(value: Buffer | null): number | null {
  if (value === null || value.length < 5 || value[0] !== 0) return null;
  const id = value.readInt32BE(1);
  return id < 0 ? null : id;
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

/** The offsets behind the last record of each partition of the input, as the brokers' own tool tells them. */
export async function ends({ access }: Parts): Promise<number[]> {
  const said = await tool(access!, 'org.apache.kafka.tools.GetOffsetShell', '--topic', NAME);
  const found = [...said.matchAll(new RegExp(`^${NAME}:(\\d+):(\\d+)$`, 'gm'))];
  if (found.length !== PARTITIONS) throw new Error(`the ends of ${found.length} partitions are told: ${said}`);
  return found.sort(([, a], [, b]) => Number(a) - Number(b)).map(([, , end]) => Number(end));
}

/** A record at the end of each partition. */
async function sealUp(parts: Parts, topic: string, partitions: number): Promise<void> {
  const producer = await plainProducer(parts);
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, key: null, value: SEAL_VALUE }));
  await sendEach(producer, topic, partitions, messages);
  await producer.disconnect();
}

async function idOf(parts: Parts, subject: string, schema: string): Promise<number> {
  const answer = await askRegistry(parts, 'POST', `/subjects/${subject}`, JSON.stringify({ schema }));
  if (answer.status !== 200) throw new Error(`the registry does not tell the id of ${subject}: ${answer.text}`);
  return (JSON.parse(answer.text) as { id: number }).id;
}

/** All of a topic, also where it holds more than it should. */
async function readAll(parts: Parts, topic: string, expected: number, partitions: number) {
  const found = await readTopic(parts, topic, expected);
  return found.filter(isSeal).length === partitions ? found : await readTopic(parts, topic, expected + 1_000_000);
}
