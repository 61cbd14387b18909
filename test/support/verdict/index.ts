/**
 * Whether what the processors did is right: what the views hold and what a plain read-committed client in Java reads of
 * the output, dead-letter and late topics is what the reference makes of the input topic as that client reads it.
 */
import type pg from 'pg';
import type { Emission } from '../../../src/core/changes.ts';
import { type PartitionStatus, readStatus } from '../../../src/postgres/status.ts';
import type { Settings } from '../../../src/settings/index.ts';
import { VISIT_ENDED_SCHEMA } from '../../../src/wire/schemas.ts';
import type { Parts } from '../parts.ts';
import { plainProducer, sendEach } from '../plain-kafka.ts';
import { type ConsoleRecord, readTopic } from '../read-topic.ts';
import { askRegistry } from '../registry.ts';
import { compare, type Difference } from './compare.ts';
import { fold } from './fold.ts';
import { comparable, identity, inOrder, isSeal, message, SEAL_VALUE, seal } from './messages.ts';
import { type Folded, type View, viewsIn, viewsOf } from './views.ts';

type Kind = Emission<unknown>['kind'];

/** What is judged: topics, and a schema of the database. */
export interface Judged {
  readonly parts: Parts;
  readonly settings: Settings;
  /** A connection with the schema on its search path. */
  readonly database: pg.Client;
  /** Of the input. */
  readonly partitions: number;
  /** Of each topic that messages go to, where it has others than the input. */
  readonly otherPartitions?: Partial<Readonly<Record<Kind, number>>>;
  /** How many records the input topic holds. */
  readonly written: number;
}

export interface Verdict {
  readonly input: readonly ConsoleRecord[];
  /** The reference's answers. */
  readonly folded: readonly Folded[];
  readonly status: readonly PartitionStatus[];
  /** One for each view and topic. */
  readonly compared: readonly Difference[];
}

const KEYS: Readonly<Record<View, readonly string[]>> = {
  visits: ['visit_id'],
  visit_events: ['visit_id', 'event_id'],
  visit_revisions: ['visit_id', 'revision'],
  sessions: ['session_id', 'partition'],
  profiles: ['profile_id'],
};

/** Call once all visits have ended and no processor runs; ends the output topics with a record of its own. */
export async function verdictOn(judged: Judged): Promise<Verdict> {
  const { parts, settings, database, partitions, written } = judged;
  const input = await readTopic(parts, settings.input.topic, written);
  const folded = await fold(parts, settings, partitions, input);
  const compared = [compare('input records read', [...Array(input.length).keys()], [...Array(written).keys()], String)];

  const views = await viewsIn(database);
  const right = viewsOf(folded);
  for (const [view, key] of Object.entries(KEYS) as [View, readonly string[]][]) {
    const keyOf = (row: Readonly<Record<string, unknown>>) => key.map((column) => String(row[column])).join(' ');
    compared.push(compare(view, views[view], right[view], keyOf));
  }
  const status = await readStatus(database);
  compared.push(
    compare(
      'counts',
      status.map(({ partition, counts }) => ({ partition, counts })),
      folded.map(({ partition, answer }) => ({ partition, counts: answer.counts })),
      ({ partition }) => String(partition),
    ),
  );
  return { input, folded, status, compared: [...compared, ...(await compareTopics(judged, folded))] };
}

async function compareTopics(judged: Judged, folded: readonly Folded[]): Promise<Difference[]> {
  const { parts, settings, partitions: input, otherPartitions = {} } = judged;
  const topics: readonly [Kind, string][] = [
    ['output', settings.output.topic],
    ['dead-letter', settings.deadLetter.topic],
    ['late', settings.late.topic],
  ];
  const schemaId = await idOf(parts, `${settings.output.topic}-value`, VISIT_ENDED_SCHEMA);
  const compared: Difference[] = [];
  for (const [kind, topic] of topics) {
    const partitions = otherPartitions[kind] ?? input;
    await sealUp(parts, topic, partitions);
    const written = { input: { topic: settings.input.topic, partitions: input }, partitions, schemaId };
    const expected = folded.flatMap(({ partition, answer }) =>
      answer.emissions.filter((one) => one.kind === kind).map((one) => message(one, partition, written)),
    );
    const all = inOrder([...expected, ...Array.from({ length: partitions }, (_, i) => seal(i))]);
    const found = inOrder((await readAll(parts, topic, all.length, partitions)).map(comparable));
    compared.push({ ...compare(`${kind} topic`, found, all, identity), expected: expected.length });
  }
  return compared;
}

/** A record at the end of each partition: a reader that has it has read all, and has not waited for more in vain. */
async function sealUp(parts: Parts, topic: string, partitions: number): Promise<void> {
  const producer = await plainProducer(parts);
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, key: null, value: SEAL_VALUE }));
  await sendEach(producer, topic, partitions, messages);
  await producer.disconnect();
}

async function idOf(parts: Parts, subject: string, schema: string): Promise<number> {
  const answer = await askRegistry(parts, 'POST', `/subjects/${subject}`, JSON.stringify({ schema }));
  if (answer.status !== 200) throw new Error(`the registry does not give the id of ${subject}: ${answer.text}`);
  return (JSON.parse(answer.text) as { id: number }).id;
}

/** All of a topic, also where it holds more than it should. */
async function readAll(parts: Parts, topic: string, expected: number, partitions: number): Promise<ConsoleRecord[]> {
  const found = await readTopic(parts, topic, expected);
  return found.filter(isSeal).length === partitions ? found : await readTopic(parts, topic, expected + 1_000_000);
}
