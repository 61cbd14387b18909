import type { OutMessages } from '../ports/output.ts';
import { BatchWriter } from './batch-writer.ts';
import type { BatchToSend } from './produce/idempotent-producer.ts';

/** A record for a partition. */
export interface TailRecord {
  readonly partition: number;
  /** Key, value and headers as a record of format 2 has them. */
  readonly tail: Buffer;
}

/** One batch for each partition, its records in order. @param timestamp of all records, ms */
export function tailBatches(topic: string, records: readonly TailRecord[], timestamp: number): BatchToSend[] {
  return [...Map.groupBy(records, ({ partition }) => partition)].map(([partition, some]) => {
    const batch = new BatchWriter();
    for (const { tail } of some) batch.add(one(tail), 0);
    return { topic, partition, batch, timestamp };
  });
}

/** A batch writer takes messages from a row of them. */
function one(tail: Buffer): Pick<OutMessages, 'bytes' | 'starts' | 'ends'> {
  return { bytes: tail, starts: Uint32Array.of(0), ends: Uint32Array.of(tail.length) };
}
