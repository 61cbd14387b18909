import type { ClusterLink } from '../kafka/cluster.ts';
import { boundsOf } from '../kafka/offsets.ts';
import { scan } from '../kafka/scan.ts';
import { type SetAside, setAsideOf } from './record.ts';

/** Without what it holds, so that many can be kept. */
export type LastSetAside = Omit<SetAside, 'raw'>;

export interface LastOf {
  /** Newest first. */
  readonly records: readonly LastSetAside[];
  /** Whether all partitions were looked at. */
  readonly complete: boolean;
}

/** Offsets at the end of each partition: markers of transactions are among them, one or more for each record at worst. */
const TAIL = 60;
/** What is read in all, bytes: records are as large as they came. */
const BUDGET = 8 << 20;

/** The records of a topic that were set aside last, from no more than the tail of each partition. */
export async function lastSetAside(
  link: ClusterLink,
  topic: string,
  limit: number,
  budget: number = BUDGET,
): Promise<LastOf> {
  const bounds = await link.ask(`the ends of ${topic}`, (cluster) => boundsOf(cluster, topic));
  const found: LastSetAside[] = [];
  let left = budget;
  for (const [partition, { earliest, end }] of bounds) {
    const range = { topic, partition, from: Math.max(earliest, end - TAIL), to: end };
    for await (const { records } of scan(link, range, 'skip')) {
      for (const record of records) {
        const { raw, ...rest } = setAsideOf(partition, record);
        found.push(rest);
        left -= raw.value?.length ?? 0;
      }
      if (left <= 0) break;
    }
    if (left <= 0) break;
  }
  found.sort((a, b) => b.setAsideAt - a.setAsideAt || a.partition - b.partition || b.offset - a.offset);
  return { records: found.slice(0, limit), complete: left > 0 };
}
