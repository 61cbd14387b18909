/** The topic that a run reads, and what is right of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { boundsOf, partitionsOf } from '../../src/kafka/offsets.ts';
import { Registry, subjectOf } from '../../src/wire/registry.ts';
import type { Answer } from '../workload/answer.ts';
import { WORKLOAD_SCHEMA } from '../workload/schema.ts';
import { type Shape, topicOf } from '../workload/shape.ts';
import { writeWorkload } from '../workload/write.ts';
import type { Ground } from './ground.ts';

export interface Input {
  readonly topic: string;
  readonly partitions: number;
  /** Records, closing ones included. */
  readonly records: number;
  readonly answer: Answer;
}

const PREFIX = 'tidemark-bench';
/** Where the answers are, beside the topics that they belong to. */
const NOTES = 'tidemark_bench_notes';

/** The topic of a shape: the one that an earlier run wrote, if it is whole, else a new one. */
export async function inputOf(ground: Ground, shape: Shape, say: (line: string) => void): Promise<Input> {
  const topic = topicOf(PREFIX, shape);
  const kept = await keptAnswer(ground, topic);
  if (kept !== null && (await recordsIn(ground, topic)) === kept.events + kept.closing) {
    return { topic, partitions: shape.partitions, records: kept.events + kept.closing, answer: kept };
  }
  await removeTopic(ground, topic);
  const { partitions } = shape;
  await ground.topics.make({ topic, partitions, replicationFactor: null, config: { 'retention.ms': '-1' } });
  const schemaId = await new Registry({ url: ground.stack.registryUrl }).register(subjectOf(topic), WORKLOAD_SCHEMA);
  const began = performance.now();
  const answer = await ground.ask(`room for ${topic}`, async (cluster) => {
    await partitionsOf(cluster, topic);
    return await writeWorkload(cluster, topic, schemaId, shape);
  });
  await ground.database.query(
    `INSERT INTO ${NOTES} VALUES ($1, $2) ON CONFLICT (topic) DO UPDATE SET answer = excluded.answer`,
    [topic, answer],
  );
  const seconds = (performance.now() - began) / 1000;
  say(`${answer.events} events of ${answer.visits} visits written to ${topic} in ${seconds.toFixed(1)} s`);
  return { topic, partitions, records: answer.events + answer.closing, answer };
}

/** A topic that something else wrote, of which events and visits are known; each partition ends with a closing event. */
export async function givenInput(
  ground: Ground,
  topic: string,
  known: { readonly events: number; readonly visits: number },
): Promise<Input> {
  const { partitions } = await ground.topics.require(topic);
  const answer: Answer = { ...known, closing: partitions, profiles: null, duration: null, sessions: null };
  const records = await recordsIn(ground, topic);
  if (records !== known.events + partitions) {
    throw new Error(
      `${topic} holds ${records} records, not ${known.events} events and ${partitions} closing ones: check --events`,
    );
  }
  return { topic, partitions, records, answer };
}

/** Removes what runs have kept here: topics and answers. */
export async function removeInputs(ground: Ground): Promise<string[]> {
  const { rows } = await ground.database.query<{ topic: string }>(`SELECT topic FROM ${await notes(ground.database)}`);
  for (const { topic } of rows) await removeTopic(ground, topic);
  await ground.database.query(`DROP TABLE ${NOTES}`);
  return rows.map(({ topic }) => topic);
}

/** Resolves once it is gone; at once where it is not there. */
export async function removeTopic(ground: Ground, topic: string): Promise<void> {
  const admin = await ground.admin();
  try {
    const isThere = async () => (await admin.listTopics()).includes(topic);
    if (!(await isThere())) return;
    await admin.deleteTopics({ topics: [topic] });
    while (await isThere()) await sleep(50);
  } finally {
    await admin.disconnect();
  }
}

async function recordsIn(ground: Ground, topic: string): Promise<number> {
  if ((await ground.topics.describe(topic)) === null) return 0;
  const bounds = await ground.ask(`offsets of ${topic}`, (cluster) => boundsOf(cluster, topic));
  return [...bounds.values()].reduce((sum, { earliest, end }) => sum + end - earliest, 0);
}

async function keptAnswer(ground: Ground, topic: string): Promise<Answer | null> {
  const { rows } = await ground.database.query<{ answer: Answer }>(
    `SELECT answer FROM ${await notes(ground.database)} WHERE topic = $1`,
    [topic],
  );
  return rows[0]?.answer ?? null;
}

async function notes(database: pg.Client): Promise<string> {
  await database.query(`CREATE TABLE IF NOT EXISTS ${NOTES} (topic text PRIMARY KEY, answer jsonb NOT NULL)`);
  return NOTES;
}
