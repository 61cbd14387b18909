import type { ClusterLink } from '../kafka/cluster.ts';
import { boundsOf, offsetAt } from '../kafka/offsets.ts';
import { scan } from '../kafka/scan.ts';
import { type SetAsideRecord, setAsideOf } from './record.ts';

/** Selects records of a topic. Times, in ms since the epoch, are those at which they were set aside. */
export interface Filter {
  /** One of these; null: any. */
  readonly reasons: readonly string[] | null;
  readonly since: number | null;
  /** Up to, not including. */
  readonly until: number | null;
  readonly partition: number | null;
}

/** How much of the topic has been read. */
export interface ReadProgress {
  readonly records: number;
  /** Offsets read, out of how many; those without a record count too. */
  readonly done: number;
  readonly total: number;
}

/**
 * The records of a topic that pass a filter, partition by partition, in order. Each partition is read to the end that it had
 * when the reading began, so that it ends however much is written meanwhile.
 *
 * @throws where the topic or the partition is not there
 */
export async function* readSetAside(
  link: ClusterLink,
  topic: string,
  filter: Filter,
  onProgress: (progress: ReadProgress) => void = () => {},
): AsyncGenerator<SetAsideRecord> {
  const ranges = await rangesOf(link, topic, filter);
  const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  let [done, records] = [0, 0];
  for (const range of ranges) {
    let at = range.from;
    for await (const scanned of scan(link, { topic, ...range }, 'skip')) {
      for (const raw of scanned.records) {
        const record = setAsideOf(range.partition, raw);
        if (takes(filter, record)) yield record;
      }
      records += scanned.records.length;
      done += scanned.next - at;
      at = scanned.next;
      onProgress({ records, done, total });
    }
    done += range.to - at;
  }
}

async function rangesOf(link: ClusterLink, topic: string, { partition, since }: Filter) {
  const only = partition === null ? undefined : [partition];
  const bounds = await link.ask(`the ends of ${topic}`, (cluster) => boundsOf(cluster, topic, only));
  if (partition !== null && bounds.size === 0)
    throw new NoSuchPartition(`topic ${topic} has no partition ${partition}`);
  const ranges = [];
  for (const [each, { earliest, end }] of bounds) {
    const what = `the first record of partition ${each} of ${topic} since a time`;
    const from = since === null ? earliest : await link.ask(what, (cluster) => offsetAt(cluster, topic, each, since));
    ranges.push({ partition: each, from: Math.min(Math.max(from, earliest), end), to: end });
  }
  return ranges;
}

export class NoSuchPartition extends Error {
  override readonly name = 'NoSuchPartition';
}

function takes({ reasons, since, until }: Filter, record: SetAsideRecord): boolean {
  if (reasons !== null && !reasons.includes(record.reason)) return false;
  if (since !== null && record.setAsideAt < since) return false;
  return until === null || record.setAsideAt < until;
}

/** The record at an offset; null: there is none, or it is no longer there. */
export async function readOne(
  link: ClusterLink,
  topic: string,
  partition: number,
  offset: number,
): Promise<SetAsideRecord | null> {
  const range = { topic, partition, from: offset, to: offset + 1 };
  const bounds = await link.ask(`the ends of ${topic}`, (cluster) => boundsOf(cluster, topic, [partition]));
  const bound = bounds.get(partition);
  if (bound === undefined) throw new NoSuchPartition(`topic ${topic} has no partition ${partition}`);
  if (offset < bound.earliest || offset >= bound.end) return null;
  for await (const { records } of scan(link, range, 'skip')) {
    const [raw] = records;
    if (raw !== undefined) return setAsideOf(partition, raw);
  }
  return null;
}
