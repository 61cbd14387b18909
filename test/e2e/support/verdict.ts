/**
 * Whether what the processors did is right: what the views hold and what a plain read-committed client reads of the
 * output, dead-letter and late topics is what the reference makes of the input topic as it is stored.
 */
import { expect } from '@jest/globals';
import type { Emission } from '../../../src/core/changes.ts';
import type { RawRecord } from '../../../src/ports/index.ts';
import { rulesOf } from '../../../src/settings/index.ts';
import { AvroDecoder, UNKNOWN_SCHEMA } from '../../../src/wire/avro.ts';
import { VISIT_ENDED_SCHEMA } from '../../../src/wire/schemas.ts';
import { type Answer, reference, type Step } from '../../reference/reference.ts';
import { askRegistry, schemaOf } from '../../support/registry.ts';
import { encodeVisitEnded } from '../../wire/support/messages.ts';
import { type ConsoleRecord, readTopic } from './console.ts';
import { plainProducer, sendEach } from './kafka.ts';
import { PARTITIONS, type Pipeline } from './pipeline.ts';
import { type Folded, viewsIn, viewsOf } from './rows.ts';

type OutputTopic = Emission<unknown>['kind'];
const OUTPUTS: readonly OutputTopic[] = ['output', 'dead-letter', 'late'];

/** A message in a form that can be compared and read. */
interface Message {
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Long past all that was written: the log's silence after its last record. */
const SILENCE = 3_600_000;

/** One at a time: each starts a few Java processes. */
let before: Promise<unknown> = Promise.resolve();

/**
 * Call once all visits have ended and all processors have; ends the output topics with a record of its own.
 * @param written how many records the input topic holds.
 * @returns the reference's answers, by partition.
 */
export async function expectRight(pipeline: Pipeline, written: number): Promise<Answer<RawRecord>[]> {
  const mine = before.then(() => verdict(pipeline, written));
  before = mine.catch(() => {});
  return await mine;
}

async function verdict(pipeline: Pipeline, written: number): Promise<Answer<RawRecord>[]> {
  const { settings, parts, name } = pipeline;
  const input = await readTopic(parts, name, written);
  expect(input).toHaveLength(written);
  const folded = await fold(pipeline, input);

  const views = viewsIn(await pipeline.database());
  const right = viewsOf(folded);
  for (const [view, rows] of Object.entries(await views)) same(view, rows, right[view as keyof typeof right]);
  const counts = (await pipeline.status()).map(({ partition, counts }) => [partition, counts]);
  same(
    'counts',
    counts,
    folded.map(({ partition, answer }) => [partition, answer.counts]),
  );

  const topics = { output: settings.output.topic, 'dead-letter': settings.deadLetter.topic, late: settings.late.topic };
  await seal(pipeline, Object.values(topics));
  const schemaId = await idOf(pipeline, `${settings.output.topic}-value`, VISIT_ENDED_SCHEMA);
  for (const kind of OUTPUTS) {
    const expected = folded.flatMap(({ partition, answer }) => [
      ...answer.emissions
        .filter((emission) => emission.kind === kind)
        .map((it) => message(it, name, partition, schemaId)),
      SEAL(partition),
    ]);
    const found = await readTopic(parts, topics[kind], expected.length);
    const inOrder = Array.from({ length: PARTITIONS }, (_, partition) =>
      found.filter((it) => it.partition === partition),
    );
    same(
      `${kind} topic`,
      inOrder.flat().map((it) => comparable(it, topics[kind])),
      expected,
    );
  }
  return folded.map(({ answer }) => answer as Answer<RawRecord>);
}

// ----------------------------------------------------------------------------------------------------- what is right

async function fold({ settings, parts, name }: Pipeline, input: readonly ConsoleRecord[]): Promise<Folded[]> {
  const avro = new AvroDecoder({ keepProperties: settings.events.keepProperties });
  for (const id of new Set(input.map(({ value }) => schemaIdIn(value)))) {
    if (id !== null) avro.addWriter(id, (await schemaOf(parts, id)) ?? UNKNOWN_SCHEMA);
  }
  return Array.from({ length: PARTITIONS }, (_, partition) => {
    const own = input.filter((record) => record.partition === partition);
    const steps: Step<RawRecord>[] = own.map((record) => ({ record: avro.decode(record) }));
    // What ended since was anticipated, and the log's next record, whenever it comes, says the same.
    if (own.length > 0) steps.push({ now: own.at(-1)!.timestamp + SILENCE });
    return { partition, steps, answer: reference(rulesOf(settings), { topic: name, partition }, steps) };
  });
}

function schemaIdIn(value: Buffer | null): number | null {
  return value !== null && value.length >= 5 && value[0] === 0 && value.readInt32BE(1) >= 0
    ? value.readInt32BE(1)
    : null;
}

async function idOf({ parts }: Pipeline, subject: string, schema: string): Promise<number> {
  const answer = await askRegistry(parts, 'POST', `/subjects/${subject}`, JSON.stringify({ schema }));
  if (answer.status !== 200) throw new Error(`the registry does not tell the id of ${subject}: ${answer.text}`);
  return (JSON.parse(answer.text) as { id: number }).id;
}

/** A message as the contract has it, from what the reference gives out. */
function message(emission: Emission<unknown>, topic: string, partition: number, schemaId: number): Message {
  const ours: [string, string][] = [
    ['tidemark-topic', topic],
    ['tidemark-partition', String(partition)],
    ['tidemark-sequence', String(emission.sequence)],
  ];
  if (emission.kind === 'output') {
    const value = encodeVisitEnded(emission.message, topic, partition, schemaId).toString('base64');
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

function comparable({ partition, key, value, headers }: ConsoleRecord, topic: string): Message {
  const reason = headers.find(([name]) => name === 'tidemark-reason')?.[1].toString() ?? '';
  const plain = headers.map(([name, bytes]): [string, string] => {
    const told = name === 'tidemark-error' && WORDLESS.has(reason) && bytes.length > 0;
    return [name, told ? SOME_TEXT : bytes.toString()];
  });
  const isSeal = value?.toString() === SEAL_VALUE;
  if (!isSeal && !headers.some(([name]) => name === 'tidemark-topic'))
    throw new Error(`a stranger's record in ${topic}`);
  return {
    partition,
    key: key?.toString() ?? null,
    value: isSeal ? SEAL_VALUE : (value?.toString('base64') ?? null),
    headers: plain.sort(),
  };
}

// ------------------------------------------------------------------------------------------------------ the last word

const SEAL_VALUE = 'nothing follows';
const SEAL = (partition: number): Message => ({ partition, key: null, value: SEAL_VALUE, headers: [] });

/** A record at the end of each partition: whoever has read it has read all, and has not waited for more in vain. */
async function seal({ parts }: Pipeline, topics: readonly string[]): Promise<void> {
  const producer = await plainProducer(parts);
  const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, key: null, value: SEAL_VALUE }));
  for (const topic of topics) await sendEach(producer, topic, PARTITIONS, messages);
  await producer.disconnect();
}

// ---------------------------------------------------------------------------------------------------------- comparing

/** Whether two lists are equal; shows what stands around the first difference, and not all of both. */
function same(what: string, found: readonly unknown[], right: readonly unknown[]): void {
  const differs = (one: unknown, i: number) => JSON.stringify(canonical(one)) !== JSON.stringify(canonical(right[i]));
  const longer = found.length >= right.length ? found : [...found, ...right.slice(found.length).map(() => undefined)];
  const at = longer.findIndex(differs);
  if (at < 0) return;
  const around = (list: readonly unknown[]) => ({ what, length: list.length, from: at, items: list.slice(at, at + 3) });
  expect(around(found)).toEqual(around(right));
  throw new Error(`${what}: item ${at} differs in a way that is not shown`);
}

/** Keys in one order: jsonb has its own. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, canonical(v)]),
  );
}
