import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, Cluster } from 'kafkajs';
import type { RawRecord } from '../processor/ports.ts';
import type { ClusterLink } from './cluster.ts';
import type { FetchAnswer } from './fetch-answer.ts';
import { type Internals, readAnswers } from './fetches.ts';
import { boundsOf } from './offsets.ts';
import { readRecordSet } from './record-set.ts';

const READ_COMMITTED = 1;
/** Bytes of one fetch: a batch that is larger comes alone. */
const FETCH_BYTES = 1024 * 1024;
/** How long the broker may wait for more, ms: what is scanned is there, or waits for a transaction to be decided. */
const FETCH_WAIT = 250;
const PAUSE = 100;

export interface Range {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** Records before this are wanted. */
  readonly to: number;
}

export interface Scanned {
  readonly records: readonly RawRecord[];
  /** All before this offset has been read. */
  readonly next: number;
}

/**
 * The committed records of a range in order, a fetch at a time, without joining a group. What retention takes away
 * meanwhile is passed over.
 *
 * @param undecided `skip`: a transaction that is not decided yet ends the scan, as if the log ended there. `wait`: the
 *   scan goes on until all before `to` is decided, or the signal aborts, with its reason.
 */
export async function* scan(
  link: ClusterLink,
  range: Range,
  undecided: 'skip' | 'wait',
  signal?: AbortSignal,
): AsyncGenerator<Scanned> {
  const { topic, partition, to } = range;
  for (let at = range.from; at < to; ) {
    signal?.throwIfAborted();
    const what = `records of partition ${partition} of ${topic} from ${at}`;
    const from = at;
    const { records, next } = await link.ask(what, (cluster) => fetchFrom(cluster, topic, partition, from));
    if (next === null) {
      if (undecided === 'skip') return;
      await sleep(PAUSE, undefined, signal === undefined ? {} : { signal });
      continue;
    }
    at = next;
    yield { records: records.filter((record) => record.offset < to), next: Math.min(next, to) };
  }
}

async function fetchFrom(
  cluster: Cluster,
  topic: string,
  partition: number,
  from: number,
): Promise<{ readonly records: readonly RawRecord[]; readonly next: number | null }> {
  // Where the leaders are is forgotten with a connection that is made anew.
  await cluster.addMultipleTargetTopics([topic]);
  const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (leader === undefined) throw new Error(`partition ${partition} of ${topic} has no leader`);
  const broker = ours(await cluster.findBroker({ nodeId: leader }));
  try {
    const answer = (await broker.fetch({
      isolationLevel: READ_COMMITTED,
      maxWaitTime: FETCH_WAIT,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes: FETCH_BYTES }] }],
    })) as unknown as FetchAnswer;
    const fetched = answer.responses[0]?.partitions[0];
    return fetched === undefined
      ? { records: [], next: null }
      : await readRecordSet(fetched.recordSet, from, fetched.aborted);
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSOffsetOutOfRange') throw error;
    const earliest = (await boundsOf(cluster, topic, [partition])).get(partition)!.earliest;
    if (earliest <= from) throw error;
    return { records: [], next: earliest };
  }
}

const seen = new WeakSet<Broker>();

/** A broker whose answers to fetches are read by us: exact in headers, and in what was aborted. */
function ours(broker: Broker): Broker {
  if (!seen.has(broker)) {
    seen.add(broker);
    readAnswers(broker as unknown as Internals);
  }
  return broker;
}
