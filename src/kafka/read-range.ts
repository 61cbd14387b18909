import type { Cluster, KafkaMessage } from 'kafkajs';
import { endsAborted } from './aborted.ts';

/** Bytes of one fetch: more than any record batch, so that each brings the next batch whole. */
const FETCH_BYTES = 4 * 1024 * 1024;
const FETCH_WAIT = 250;
const READ_UNCOMMITTED = 0;

/** A record as KafkaJS decodes it, of whatever kind. */
type Fetched = KafkaMessage & {
  readonly isControlRecord?: boolean;
  readonly batchContext?: { readonly producerId: string; readonly inTransaction: boolean };
};

/**
 * The committed records of a partition from `from` up to, not including, `to`, in order, without joining a group. Reads
 * on behind `to` where a transaction that began before is decided later: what an open one holds is not known to be
 * committed before that. Records whose transaction is not decided when `signal` aborts are an error.
 *
 * Transactions are decided by their markers and not by the broker's list of aborted ones, so nothing depends on how a
 * client filters by that list (see aborted.ts).
 */
export async function readCommitted(
  cluster: Cluster,
  topic: string,
  partition: number,
  { from, to }: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<KafkaMessage[]> {
  const committed: KafkaMessage[] = [];
  const undecided = new Map<string, KafkaMessage[]>();
  let at = from;
  while (at < to || undecided.size > 0) {
    if (signal.aborted) {
      throw new Error(`reading partition ${partition} of ${topic} back took too long: at ${at}, wanted ${to}`, {
        cause: signal.reason,
      });
    }
    const records = await fetchFrom(cluster, topic, partition, at);
    for (const record of records) {
      at = Number(record.offset) + 1;
      const { producerId, inTransaction } = record.batchContext ?? { producerId: '', inTransaction: false };
      if (record.isControlRecord) {
        if (!endsAborted(record.key)) for (const decided of undecided.get(producerId) ?? []) committed.push(decided);
        undecided.delete(producerId);
      } else if (at <= to) {
        if (!inTransaction) committed.push(record);
        else if (undecided.has(producerId)) undecided.get(producerId)!.push(record);
        else undecided.set(producerId, [record]);
      }
    }
  }
  return committed.sort((a, b) => Number(a.offset) - Number(b.offset));
}

async function fetchFrom(cluster: Cluster, topic: string, partition: number, offset: number): Promise<Fetched[]> {
  const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (leader === undefined) throw new Error(`partition ${partition} of ${topic} has no leader`);
  const broker = await cluster.findBroker({ nodeId: leader });
  const { responses } = await broker.fetch({
    isolationLevel: READ_UNCOMMITTED,
    maxWaitTime: FETCH_WAIT,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES }] }],
  });
  const records: Fetched[] = responses[0]?.partitions[0]?.messages ?? [];
  // A batch comes whole, also where only its end was asked for.
  return records.filter((record) => Number(record.offset) >= offset);
}
