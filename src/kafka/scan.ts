import type { Cluster } from 'kafkajs';
import type { RawRecord } from '../ports/record.ts';
import { wallClock } from '../time/clock.ts';
import type { ClusterLink } from './cluster.ts';
import { errorOf } from './kafkajs/errors.ts';
import { fetchFrom } from './kafkajs/fetches.ts';
import { boundsOf, leaderOf } from './offsets.ts';
import { readRecordSet } from './record-set.ts';

const OUT_OF_RANGE = 1;
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
    const { records, next } = await link.ask(what, (cluster) => readFrom(cluster, topic, partition, from));
    if (next === null) {
      if (undecided === 'skip') return;
      await wallClock.sleep(PAUSE, signal);
      continue;
    }
    at = next;
    yield { records: records.filter((record) => record.offset < to), next: Math.min(next, to) };
  }
}

async function readFrom(
  cluster: Cluster,
  topic: string,
  partition: number,
  from: number,
): Promise<{ readonly records: readonly RawRecord[]; readonly next: number | null }> {
  const broker = await leaderOf(cluster, topic, partition);
  const limits = { partitionBytes: FETCH_BYTES, bytes: FETCH_BYTES, wait: FETCH_WAIT };
  const { responses } = await fetchFrom(broker, { topic, partitions: [{ partition, from }], ...limits });
  const fetched = responses[0]?.partitions[0];
  if (fetched === undefined) return { records: [], next: null };
  const { errorCode, recordSet, aborted } = fetched;
  if (errorCode === 0) return await readRecordSet(recordSet, from, aborted);
  const error = errorOf(errorCode);
  if (errorCode !== OUT_OF_RANGE) throw error;
  const { earliest } = (await boundsOf(cluster, topic, [partition])).get(partition)!;
  if (earliest <= from) throw error;
  return { records: [], next: earliest };
}
