/**
 * Where each record went: a visit, the duplicates, the late or the dead-letter topic, and nowhere else. Told by the topics
 * as the broker's own consumer reads them and by SQL; the program's decoder decides only what can be an event at all.
 */
import { expect } from '@jest/globals';
import { type Entry, isRefusal, type LogRecord } from '../../../src/core/rules/event.ts';
import type { RawRecord } from '../../../src/ports/record.ts';
import { PARTITIONS, type TestPipeline } from '../../e2e/support/pipeline.ts';
import { counted, type Program } from '../../e2e/support/program.ts';
import { plainProducer, sendEach } from '../../support/plain-kafka.ts';
import { type ConsoleRecord, readTopic } from '../../support/read-topic.ts';

export interface Places {
  readonly dead: readonly ConsoleRecord[];
  readonly late: readonly ConsoleRecord[];
  readonly accepted: number;
  readonly duplicates: number;
  /** Of those set aside without their value: the bytes of the record as it came. */
  readonly truncated: readonly number[];
}

export type Decode = (record: RawRecord, partition: number) => LogRecord<RawRecord>;
const SEAL = 'nothing follows';

/**
 * Fails unless each of the records is in exactly one place and the counters say so. Call once all is folded, ended and
 * published, with the processor still running.
 */
export async function expectEachInOnePlace(
  pipeline: TestPipeline,
  program: Program,
  written: number,
  decoderFor: (input: readonly ConsoleRecord[]) => Promise<Decode>,
): Promise<Places> {
  await expectNeverStopped(pipeline, program);
  const input = await readTopic(pipeline.parts, pipeline.name, written);
  expect(input).toHaveLength(written);
  const decode = await decoderFor(input);
  const { settings } = pipeline;
  const counts = await countsOf(pipeline);
  const deadCount = counts.undecodable + counts.invalid + counts.future + counts.visitFull;
  const dead = await readSealed(pipeline, settings.deadLetter.topic, deadCount);
  const late = await readSealed(pipeline, settings.late.topic, counts.late);
  const setAside = new Map<string, ConsoleRecord>();
  for (const record of [...dead, ...late]) {
    const at = `${header(record, 'partition')} ${header(record, 'offset')} ${header(record, 'index') ?? 0}`;
    if (setAside.has(at)) throw new Error(`the record at ${at} was set aside twice`);
    setAside.set(at, record);
  }

  const visited = await visitedEvents(pipeline);
  const found = new Map<string, number>();
  let entries = 0;
  const truncated: number[] = [];
  for (const record of input) {
    const { partition, offset } = record;
    const raw: RawRecord = { ...record, headers: record.headers };
    for (const [index, entry] of decode(raw, partition).entries.entries()) {
      entries += 1;
      const at = `${partition} ${offset} ${index}`;
      const out = setAside.get(at);
      setAside.delete(at);
      if (out !== undefined) {
        expectAsItCame(record, out, entry, settings.input.topic);
        if (header(out, 'truncated') !== null) truncated.push(bytesOf(record));
      } else if (isRefusal(entry)) {
        throw new Error(`the record at ${at} was refused (${entry.error}) and is nowhere`);
      } else {
        const debug = entry.debug || entry.sessionId === '@debug-session-id';
        const id = `${partition} ${entry.sessionId} ${debug} ${entry.eventId}`;
        found.set(id, (found.get(id) ?? 0) + 1);
      }
    }
  }
  expect([...setAside.keys()]).toEqual([]);
  let duplicates = 0;
  for (const [id, times] of found) {
    if (visited.get(id) !== 1) throw new Error(`event ${id} is in ${visited.get(id) ?? 0} visits`);
    visited.delete(id);
    duplicates += times - 1;
  }
  expect([...visited.keys()]).toEqual([]);

  expect(counts.records).toBe(written);
  expect(counts.events).toBe(entries);
  expect(counts.duplicate).toBe(duplicates);
  expect(counts.started + counts.joined + counts.merged).toBe(found.size);
  expect(found.size + duplicates + late.length + dead.length).toBe(entries);
  expect(await counted(program, 'tidemark_records_total')).toBe(written);
  expect(await counted(program, 'tidemark_events_total')).toBe(entries);
  // A broker of a busy machine may be slow, which no record is to blame for: that no partition was taken over for it is seen
  // by the epochs.
  for (const part of ['store', 'registry'])
    expect(await counted(program, 'tidemark_failures_total', `part="${part}"`)).toBe(0);
  return { dead, late, accepted: found.size, duplicates, truncated };
}

/** So that no partition moves from one thread to another when they join: then a second epoch is a failure. */
export const ONE_THREAD = { TIDEMARK_WORKERS: '1' };

/** One epoch a partition, and no word of another. */
async function expectNeverStopped(pipeline: TestPipeline, program: Program): Promise<void> {
  expect((await pipeline.status()).map(({ epoch }) => epoch)).toEqual(Array.from({ length: PARTITIONS }, () => 1));
  expect(program.ended).toBeNull();
  const log = program.log();
  expect(log.filter(({ msg }) => msg === 'partition taken over')).toHaveLength(PARTITIONS);
  expect(log.filter(({ msg }) => /taken over again|fenced|rebalanc|stopping/.test(msg))).toEqual([]);
}

async function countsOf(pipeline: TestPipeline): Promise<Record<string, number> & CountNames> {
  const sum: Record<string, number> = {};
  for (const { counts } of await pipeline.status()) {
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum as Record<string, number> & CountNames;
}

type CountNames = {
  readonly [name in
    | 'records'
    | 'events'
    | 'started'
    | 'joined'
    | 'merged'
    | 'duplicate'
    | 'late'
    | 'undecodable'
    | 'invalid'
    | 'future'
    | 'visitFull']: number;
};

/** Events in visits, by partition, session, debug and event id, with how often. */
async function visitedEvents(pipeline: TestPipeline): Promise<Map<string, number>> {
  const database = await pipeline.database();
  // Of tables this young the server knows nothing, and may look through all chunks for each visit.
  await database.query('ANALYZE open_visit, ended_visit, visit_chunk');
  const { rows } = await database.query<{ id: string; times: number }>(
    `SELECT concat_ws(' ', v.opened_partition, v.session_id, v.debug::text, e.event_id) AS id, count(*)::int AS times
    FROM visit_events e JOIN visits v USING (visit_id) GROUP BY 1`,
  );
  return new Map(rows.map(({ id, times }) => [id, times]));
}

/** All records of an output topic: as many as are expected, and none behind. */
async function readSealed({ parts }: TestPipeline, topic: string, count: number): Promise<ConsoleRecord[]> {
  const producer = await plainProducer(parts);
  const messages = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, key: null, value: SEAL }));
  await sendEach(producer, topic, PARTITIONS, messages);
  await producer.disconnect();
  const all = await readTopic(parts, topic, count + PARTITIONS);
  const records = all.filter(({ value }) => value?.toString() !== SEAL);
  expect(all).toHaveLength(count + PARTITIONS);
  expect(records).toHaveLength(count);
  return records;
}

/** A header of tidemark's own; null where there is none. */
export function header({ headers }: ConsoleRecord, name: string): string | null {
  return headers.find(([each]) => each === `tidemark-${name}`)?.[1].toString() ?? null;
}

function bytesOf({ key, value, headers }: ConsoleRecord): number {
  const bytes = (key?.length ?? 0) + (value?.length ?? 0);
  return headers.reduce((sum, [name, content]) => sum + name.length + content.length, bytes);
}

function expectAsItCame(record: ConsoleRecord, out: ConsoleRecord, entry: Entry, topic: string): void {
  const reason = header(out, 'reason');
  if (isRefusal(entry)) {
    expect([reason, header(out, 'error')]).toEqual([entry.refused, entry.error]);
  } else {
    expect(['future', 'visit_full', 'late']).toContain(reason);
    expect(header(out, 'error')).not.toBe('');
  }
  const position = ['topic', 'partition', 'offset', 'timestamp'].map((name) => header(out, name));
  expect(position).toEqual([topic, `${record.partition}`, `${record.offset}`, `${record.timestamp}`]);
  if (header(out, 'truncated') !== null) {
    expect(out.value).toBeNull();
    return;
  }
  const same = (a: Buffer | null, b: Buffer | null) => (a === null || b === null ? a === b : a.equals(b));
  if (!same(record.key, out.key)) throw new Error(`the key of ${position} is not as it came`);
  if (!same(record.value, out.value)) throw new Error(`the value of ${position} is not as it came`);
  const theirs = ({ headers }: ConsoleRecord) =>
    headers
      .filter(([name]) => !name.startsWith('tidemark-'))
      .map(([name, value]) => `${name}=${value.toString('hex')}`)
      .sort();
  expect(theirs(out)).toEqual(theirs(record));
}
