import type { ClusterLink } from '../kafka/cluster.ts';
import { boundsOf } from '../kafka/offsets.ts';
import { scan } from '../kafka/scan.ts';
import { type SetAsideRecord, setAsideOf } from './record.ts';

/** A record without its bytes, so that many can be kept. */
export type LastSetAside = Omit<SetAsideRecord, 'raw'>;

export interface LastOf {
  /** Newest first. */
  readonly records: readonly LastSetAside[];
  /** Whether all partitions were looked at. */
  readonly complete: boolean;
}

/** Offsets that are read at the end of each partition: at worst there is a transaction's marker or more for each record. */
const TAIL = 60;
/** The most that is read in all, bytes: records have the size that they came with. */
const BUDGET = 8 << 20;

/** The records of a topic that were set aside last, as far as they are in the last offsets of each partition. */
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
