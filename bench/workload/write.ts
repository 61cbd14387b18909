/** Writes a workload to a topic that is there and empty. */
import type { Cluster } from 'kafkajs';
import type { Answer } from './answer.ts';
import { Batch } from './batch.ts';
import { Bytes } from './bytes.ts';
import { produce } from './produce.ts';
import { MOST_BYTES, partitionOf, writeEvent, writeSessionId } from './record.ts';
import type { Shape } from './shape.ts';
import { Traffic } from './traffic.ts';

/** A batch that reaches this is sent: well below what topics take, 1 MB unless set. */
const BATCH_BYTES = 512 * 1024;
/** How far after the last event the closing ones are, in gaps. */
const CLOSING_AFTER = 3;

/** @param onProgress called with the number of events that the brokers have. @returns the right answer. */
export async function writeWorkload(
  cluster: Cluster,
  topic: string,
  schemaId: number,
  shape: Shape,
  onProgress: (events: number) => void = () => {},
): Promise<Answer> {
  const { partitions, start, seed, closing, pace } = shape;
  const traffic = new Traffic(shape);
  const key = new Bytes(64);
  const value = new Bytes(MOST_BYTES);
  let batches = newBatches(partitions);
  let sending = { batches: newBatches(partitions), done: Promise.resolve() };
  let written = 0;
  const put = (partition: number, session: number, index: number, arrival: number, occurred: number) => {
    key.at = 0;
    writeSessionId(key, session);
    value.at = 0;
    writeEvent(value, schemaId, { session, index, occurredAt: start + occurred }, seed);
    batches[partition]!.add(start + arrival, key.buffer.subarray(0, key.at), value.buffer.subarray(0, value.at));
    written += 1;
  };
  const flush = async () => {
    await sending.done;
    onProgress(written);
    const free = sending.batches;
    const full = batches.flatMap((batch, partition) =>
      batch.count === 0 ? [] : [[partition, batch.finish()] as const],
    );
    sending = { batches, done: full.length === 0 ? Promise.resolve() : produce(cluster, topic, new Map(full)).then() };
    // Looked at with the next flush.
    sending.done.catch(() => {});
    batches = free;
    for (const batch of batches) batch.clear();
  };
  let last = 0;
  while (traffic.next()) {
    const partition = partitionOf(traffic.session, partitions);
    put(partition, traffic.session, traffic.index, traffic.arrival, traffic.occurred);
    last = Math.max(last, traffic.arrival);
    if (batches[partition]!.size >= BATCH_BYTES) await flush();
  }
  for (let i = 0; closing && i < partitions; i++) {
    const at = last + CLOSING_AFTER * pace.gap;
    put(i, traffic.sessions + i, 0, at, at);
  }
  await flush();
  await flush();
  return traffic.answer.whole(closing ? partitions : 0);
}

/** Sessions that no workload has. */
const STRANGERS = 0x7f000000;

/** One event of a new session to each partition. @param at ms since the epoch. */
export async function writeOneEach(
  cluster: Cluster,
  topic: string,
  schemaId: number,
  partitions: number,
  at: number,
): Promise<void> {
  const batches = newBatches(partitions);
  const key = new Bytes(64);
  const value = new Bytes(MOST_BYTES);
  for (const [partition, batch] of batches.entries()) {
    const session = STRANGERS + partition;
    key.at = 0;
    writeSessionId(key, session);
    value.at = 0;
    writeEvent(value, schemaId, { session, index: 0, occurredAt: at }, 1);
    batch.add(at, key.buffer.subarray(0, key.at), value.buffer.subarray(0, value.at));
  }
  await produce(cluster, topic, new Map(batches.map((batch, partition) => [partition, batch.finish()])));
}

function newBatches(partitions: number): Batch[] {
  return Array.from({ length: partitions }, () => new Batch());
}
