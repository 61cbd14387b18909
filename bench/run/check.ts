/** Whether what a run left behind is the right answer: in SQL, and by reading the output topic from end to end. */
import avsc from 'avsc';
import { boundsOf } from '../../src/kafka/offsets.ts';
import { readCommitted } from '../../src/kafka/read-range.ts';
import { VISIT_ENDED_SCHEMA } from '../../src/wire/schemas.ts';
import type { Answer } from '../workload/answer.ts';
import type { Ground } from './ground.ts';

/** How the sessions and profiles begin of visits that were there before a run: they are no part of its answer. */
export const FILLED = 'filled-';

/** What was found; closing events and their visits included. */
export interface Found {
  readonly visits: number;
  readonly events: number;
  /** Messages of a (visit, revision) that another message has. */
  readonly duplicates: number;
  /** What is not as it should be, a sentence each: none where the answer is right. */
  readonly wrong: readonly string[];
}

export async function check(ground: Ground, schema: string, output: string, answer: Answer): Promise<Found> {
  const [tables, topic] = [await inTables(ground, schema), await inTopic(ground, output)];
  return {
    visits: topic.visits,
    events: topic.events,
    duplicates: topic.duplicates,
    wrong: differences(answer, tables, topic),
  };
}

export interface InTables {
  readonly visits: number;
  readonly events: number;
  readonly open: number;
  readonly duration: number;
  readonly profiles: number;
  readonly profileVisits: number;
  readonly profileEvents: number;
  readonly mixed: number;
}

export interface InTopic {
  readonly messages: number;
  readonly visits: number;
  readonly events: number;
  readonly duplicates: number;
  /** Messages that are no first revision. */
  readonly revised: number;
}

/** A sentence for each difference. */
export function differences(answer: Answer, tables: InTables, topic: InTopic): string[] {
  const visits = answer.visits + answer.closing;
  const events = answer.events + answer.closing;
  const { profiles } = answer;
  const wanted: [what: string, is: number, wanted: number | null | undefined][] = [
    ['visits in SQL', tables.visits, visits],
    ['events of visits in SQL', tables.events, events],
    ['open visits in SQL', tables.open, 0],
    ['ms of visits in SQL', tables.duration, answer.duration],
    ['profiles in SQL', tables.profiles, profiles?.profiles],
    ['visits of profiles in SQL', tables.profileVisits, visits],
    ['events of profiles in SQL', tables.profileEvents, events],
    ['sums by profile in SQL', tables.mixed, profiles?.mixed],
    ['messages in the topic', topic.messages, visits],
    ['visits in the topic', topic.visits, visits],
    ['events of visits in the topic', topic.events, events],
    ['duplicates in the topic', topic.duplicates, 0],
    ['messages of later revisions', topic.revised, 0],
  ];
  return wanted
    .filter(([, is, right]) => right !== null && right !== undefined && is !== right)
    .map(([what, is, right]) => `${what}: ${is}, and ${right} is right`);
}

async function inTables(ground: Ground, schema: string): Promise<InTables> {
  const { rows } = await ground.database.query<InTables>(`
    SELECT v.*, p.* FROM (
      SELECT count(*)::float8 AS visits, sum(event_count)::float8 AS events,
             count(*) FILTER (WHERE status = 'open')::float8 AS open,
             (sum(extract(epoch FROM duration)) * 1000)::float8 AS duration
      FROM ${schema}.visits WHERE session_id NOT LIKE '${FILLED}%'
    ) v, (
      SELECT count(*)::float8 AS profiles, sum(visit_count)::float8 AS "profileVisits",
             sum(event_count)::float8 AS "profileEvents",
             sum((substr(profile_id, 3)::bigint % 9973 + 1) * (visit_count + 3 * event_count))::float8 AS mixed
      FROM ${schema}.profiles WHERE profile_id ~ '^p-[0-9]+$'
    ) p`);
  return rows[0]!;
}

/** Offsets that are read at once. */
const STEP = 20_000;

async function inTopic(ground: Ground, topic: string): Promise<InTopic> {
  const writer = avsc.Type.forSchema(JSON.parse(VISIT_ENDED_SCHEMA) as avsc.Schema);
  const wanted = {
    type: 'record',
    name: 'tidemark.v1.VisitEnded',
    fields: ['visit_id:string', 'revision:int', 'event_count:int'],
  };
  const fields = wanted.fields.map((field) => ({ name: field.split(':')[0], type: field.split(':')[1] }));
  const reader = avsc.Type.forSchema({ ...wanted, fields } as avsc.Schema);
  const resolver = reader.createResolver(writer);
  const seen = new Set<string>();
  const visits = new Set<string>();
  let messages = 0;
  let events = 0;
  let revised = 0;
  await ground.ask(`all of ${topic}`, async (cluster) => {
    for (const [partition, { earliest, end }] of await boundsOf(cluster, topic)) {
      for (let from = earliest; from < end; from += STEP) {
        const to = Math.min(end, from + STEP);
        for (const { value } of await readCommitted(cluster, topic, partition, { from, to }, NEVER)) {
          const { visit_id, revision, event_count } = reader.fromBuffer(value!.subarray(HEADER), resolver) as {
            readonly visit_id: string;
            readonly revision: number;
            readonly event_count: number;
          };
          messages += 1;
          if (revision > 0) revised += 1;
          if (!visits.has(visit_id)) events += event_count;
          visits.add(visit_id);
          seen.add(`${visit_id} ${revision}`);
        }
      }
    }
  });
  return { messages, visits: visits.size, events, duplicates: messages - seen.size, revised };
}

/** Of the Confluent wire format. */
const HEADER = 5;
const NEVER = new AbortController().signal;
