/** A workload that is written as it happens: each event when its time has come, by this machine's clock. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from 'kafkajs';
import type { Answer } from './answer.ts';
import { Batch } from './batch.ts';
import { Bytes } from './bytes.ts';
import { type Appended, produce } from './produce.ts';
import { MOST_BYTES, partitionOf, writeEvent, writeSessionId } from './record.ts';
import { LIVE_PACE, type Shape } from './shape.ts';
import { Traffic } from './traffic.ts';

/** Events that come within this time are sent together, ms: what producers that linger do. */
const LINGER = 20;

/** @param rate events a second. */
export function liveShape(base: Shape, rate: number, seconds: number): Shape {
  return { ...base, events: Math.round(rate * seconds), hours: seconds / 3_600, closing: false, pace: LIVE_PACE };
}

/** Settings under which the visits of `LIVE_PACE` are those of its answer, and end while they are watched. */
export const LIVE_SETTINGS = {
  TIDEMARK_INPUT_TIMESTAMPS: 'append',
  TIDEMARK_VISIT_GAP: `${LIVE_PACE.gap}ms`,
  TIDEMARK_VISIT_OUT_OF_ORDERNESS: '2s',
  TIDEMARK_VISIT_ARRIVAL_GRACE: '1s',
} as const;

export interface Sent extends Appended {
  readonly records: number;
}

/**
 * Writes until the shape's events are written, or the signal aborts.
 * @param onSent called with each batch once the broker has it.
 * @returns the right answer; null where it was aborted.
 */
export async function writeLive(
  cluster: Cluster,
  topic: string,
  schemaId: number,
  shape: Shape,
  onSent: (sent: readonly Sent[]) => void,
  signal: AbortSignal,
): Promise<Answer | null> {
  const { partitions, seed } = shape;
  const traffic = new Traffic({ ...shape, closing: false });
  const key = new Bytes(64);
  const value = new Bytes(MOST_BYTES);
  const batches = Array.from({ length: partitions }, () => new Batch());
  const begun = Date.now();
  let more = traffic.next();
  while (more && !signal.aborted) {
    const now = Date.now() - begun;
    for (; more && traffic.arrival <= now; more = traffic.next()) {
      const { session, index, arrival, occurred } = traffic;
      key.at = 0;
      writeSessionId(key, session);
      value.at = 0;
      writeEvent(value, schemaId, { session, index, occurredAt: begun + occurred }, seed);
      const batch = batches[partitionOf(session, partitions)]!;
      batch.add(begun + arrival, key.buffer.subarray(0, key.at), value.buffer.subarray(0, value.at));
    }
    await flush();
    await sleep(LINGER);
  }
  return more ? null : traffic.answer.whole(0);

  async function flush(): Promise<void> {
    const full = [...batches.entries()].filter(([, batch]) => batch.count > 0);
    if (full.length === 0) return;
    const appended = await produce(cluster, topic, new Map(full.map(([at, batch]) => [at, batch.finish()])));
    onSent(appended.map((one) => ({ ...one, records: batches[one.partition]!.count })));
    for (const [, batch] of full) batch.clear();
  }
}
