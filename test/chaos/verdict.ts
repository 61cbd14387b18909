/**
 * Whether what is there is right: what the views hold and what a plain read-committed client in Java reads of the
 * output, dead-letter and late topics is what the reference makes of the input topic as it is stored.
 */
import pg from 'pg';
import type { Emission } from '../../src/core/changes.ts';
import { readStatus } from '../../src/postgres/status.ts';
import type { RawRecord } from '../../src/processor/ports.ts';
import { rulesOf, type Settings } from '../../src/settings/index.ts';
import { AvroDecoder, UNKNOWN_SCHEMA } from '../../src/wire/avro.ts';
import { VISIT_ENDED_SCHEMA } from '../../src/wire/schemas.ts';
import { type Console, type ConsoleRecord, readTopic } from '../e2e/support/console.ts';
import { plainProducer, sendEach } from '../e2e/support/kafka.ts';
import { type Folded, viewsIn, viewsOf } from '../e2e/support/rows.ts';
import { reference, type Step } from '../reference/reference.ts';
import { encodeVisitEnded } from '../wire/messages.ts';
import { compare, type Difference } from './compare.ts';
import { type Addresses, NAME, PARTITIONS } from './settings.ts';

export interface Verdict {
  readonly events: number;
  readonly visits: number;
  readonly messages: number;
  readonly anticipationsWrong: number;
  /** Of the reference: what the run was about. */
  readonly counts: Readonly<Record<string, number>>;
  /** One for each view and topic. */
  readonly compared: readonly Difference[];
}

type OutputTopic = Emission<unknown>['kind'];

/** A message in a form that can be compared and read. */
interface Message {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Long past all that was written: the log's silence after its last record, ms. */
const SILENCE = 3_600_000;

/**
 * Call once all is drained and no processor runs; ends the output topics with a record of its own.
 * @param written how many records the input topic holds.
 */
export async function judge(
  at: Addresses,
  java: Pick<Console, 'java' | 'jars'>,
  settings: Settings,
  written: number,
): Promise<Verdict> {
  const console: Console = { ...java, properties: null, brokers: at.brokers };
  const input = await readTopic(console, NAME, written);
  const folded = await fold(at, settings, input);
  const compared: Difference[] = [
    compare('input records read', [...Array(input.length).keys()], [...Array(written).keys()], String),
  ];

  const client = new pg.Client(at.databaseUrl);
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

  const topics = { output: settings.output.topic, 'dead-letter': settings.deadLetter.topic, late: settings.late.topic };
  await seal(at, Object.values(topics));
  const schemaId = await idOf(at, `${settings.output.topic}-value`, VISIT_ENDED_SCHEMA);
  for (const [kind, topic] of Object.entries(topics) as [OutputTopic, string][]) {
    const expected = folded.flatMap(({ partition, answer }) => [
      ...answer.emissions.filter((one) => one.kind === kind).map((one) => message(one, partition, schemaId)),
      SEAL(partition),
    ]);
    const found = (await readAll(console, topic, expected.length)).map(comparable);
    // In the order of each partition, and so of each session.
    const inOrder = Array.from({ length: PARTITIONS }, (_, i) => found.filter(({ partition }) => partition === i));
    const difference = compare(`${kind} topic`, inOrder.flat(), expected, identity);
    compared.push({ ...difference, expected: expected.length - PARTITIONS });
  }
  const sum = (name: string) => folded.reduce((total, { answer }) => total + (answer.counts[name as 'events'] ?? 0), 0);
  return {
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

// ----------------------------------------------------------------------------------------------------- what is right

async function fold(at: Addresses, settings: Settings, input: readonly ConsoleRecord[]): Promise<Folded[]> {
  const avro = new AvroDecoder({ keepProperties: settings.events.keepProperties });
  for (const id of new Set(input.map(({ value }) => schemaIdIn(value)))) {
    if (id !== null) avro.addWriter(id, (await schemaOf(at.registryUrl, id)) ?? UNKNOWN_SCHEMA);
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

async function schemaOf(registryUrl: string, id: number): Promise<string | null> {
  const answer = await fetch(`${registryUrl}/schemas/ids/${id}`);
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`the registry does not tell schema ${id}: ${await answer.text()}`);
  return ((await answer.json()) as { schema: string }).schema;
}

async function idOf({ registryUrl }: Addresses, subject: string, schema: string): Promise<number> {
  const answer = await fetch(`${registryUrl}/subjects/${subject}`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  });
  if (!answer.ok) throw new Error(`the registry does not tell the id of ${subject}: ${await answer.text()}`);
  return ((await answer.json()) as { id: number }).id;
}

/** A message as the contract has it, from what the reference gives out. */
function message(emission: Emission<unknown>, partition: number, schemaId: number): Message {
  const ours: [string, string][] = [
    ['tidemark-topic', NAME],
    ['tidemark-partition', String(partition)],
    ['tidemark-sequence', String(emission.sequence)],
  ];
  if (emission.kind === 'output') {
    const value = encodeVisitEnded(emission.message, NAME, partition, schemaId).toString('base64');
    return { partition, key: emission.message.sessionId, value, headers: ours.sort() };
  }
  const raw = emission.raw as RawRecord;
  ours.push(
    ['tidemark-reason', emission.kind === 'late' ? 'late' : emission.reason],
    ['tidemark-error', emission.error === '' ? SOME_TEXT : emission.error],
    ['tidemark-offset', String(emission.offset)],
    ['tidemark-timestamp', String(emission.timestamp)],
  );
  if (emission.kind === 'late' && emission.visitId !== null) ours.push(['tidemark-visit-id', emission.visitId]);
  const theirs = raw.headers
    .filter(([header]) => !header.startsWith('tidemark-') || header === 'tidemark-received-at')
    .map(([header, value]) => [header, value.toString()] as [string, string]);
  return {
    partition,
    key: raw.key?.toString() ?? null,
    value: raw.value?.toString('base64') ?? null,
    headers: [...theirs, ...ours].sort(),
  };
}

/** The reference says what happens to an event, not always in what words that is told. */
const SOME_TEXT = '(some text)';
const WORDLESS = new Set(['future', 'visit_full', 'late']);

function comparable({ partition, key, value, headers }: ConsoleRecord): Message {
  const reason = headers.find(([name]) => name === 'tidemark-reason')?.[1].toString() ?? '';
  const plain = headers.map(([name, bytes]): [string, string] => {
    const told = name === 'tidemark-error' && WORDLESS.has(reason) && bytes.length > 0;
    return [name, told ? SOME_TEXT : bytes.toString()];
  });
  const isSeal = value?.toString() === SEAL_VALUE;
  return {
    partition,
    key: key?.toString() ?? null,
    value: isSeal ? SEAL_VALUE : (value?.toString('base64') ?? null),
    headers: plain.sort(),
  };
}

/** A message's place: two with the same one are one message twice. */
function identity({ partition, value, headers }: Message): string {
  const sequence = headers.find(([name]) => name === 'tidemark-sequence')?.[1];
  return `partition ${partition} ${sequence === undefined ? value : `message ${sequence}`}`;
}

// ------------------------------------------------------------------------------------------------------ the last word

const SEAL_VALUE = 'nothing follows';
const SEAL = (partition: number): Message => ({ partition, key: null, value: SEAL_VALUE, headers: [] });

/** A record at the end of each partition: whoever has read it has read all. */
async function seal({ brokers }: Addresses, topics: readonly string[]): Promise<void> {
  const producer = await plainProducer({ brokers });
  const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, key: null, value: SEAL_VALUE }));
  for (const topic of topics) await sendEach(producer, topic, PARTITIONS, messages);
  await producer.disconnect();
}

/** All of a topic, also where it holds more than it should. */
async function readAll(console: Console, topic: string, expected: number): Promise<ConsoleRecord[]> {
  const found = await readTopic(console, topic, expected);
  const seals = found.filter(({ value }) => value?.toString() === SEAL_VALUE).length;
  return seals === PARTITIONS ? found : await readTopic(console, topic, expected + 1_000_000);
}
