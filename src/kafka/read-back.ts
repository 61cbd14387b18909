import type { Cluster, KafkaMessage } from 'kafkajs';
import type { OutputTopic, PublishedMessage } from '../ports/output.ts';
import type { Layout, OutputTopics } from './layout.ts';
import { boundsOf } from './offsets.ts';
import { readCommitted } from './read-range.ts';
import { headerList } from './records.ts';

/** Records of the first step back from the end, and how much longer each step is than the one before. */
const FIRST_STEP = 1_000;
const LONGER = 4;

export interface ReadBack {
  readonly cluster: Cluster;
  readonly topics: OutputTopics;
  readonly layout: Omit<Layout, 'limits'>;
  /** The input partition whose messages are wanted. */
  readonly input: { readonly topic: string; readonly partition: number };
  readonly signal: AbortSignal;
}

/**
 * The committed messages of an input partition whose sequence is at least `from`, by sequence, each once. Reads the
 * topics from their ends backwards: within a partition of a topic the sequences of one input partition only rise, so
 * one below `from` ends the search there. A topic that holds none is read to its beginning.
 */
export async function readBack(from: number, options: ReadBack): Promise<PublishedMessage[]> {
  const found = new Map<number, PublishedMessage>();
  for (const kind of ['output', 'dead-letter', 'late'] as const) {
    const { layout, cluster, topics, input } = options;
    const same = layout.partitions.get(kind) === layout.inputPartitions;
    const bounds = await boundsOf(cluster, topics[kind], same ? [input.partition] : undefined);
    for (const [partition, { earliest, end }] of bounds) {
      await readPartition(kind, partition, { earliest, end, from }, options, found);
    }
  }
  return [...found.values()].sort((a, b) => a.sequence - b.sequence);
}

async function readPartition(
  kind: OutputTopic,
  partition: number,
  { earliest, end, from }: { readonly earliest: number; readonly end: number; readonly from: number },
  { cluster, topics, input, signal }: ReadBack,
  found: Map<number, PublishedMessage>,
): Promise<void> {
  for (let to = end, step = FIRST_STEP; to > earliest; step *= LONGER) {
    const start = Math.max(earliest, to - step);
    let older = false;
    for (const record of await readCommitted(cluster, topics[kind], partition, { from: start, to }, signal)) {
      const sequence = sequenceOf(record, input);
      if (sequence === null) continue;
      if (sequence < from) older = true;
      else found.set(sequence, { topic: kind, sequence, value: kind === 'output' ? record.value : null });
    }
    if (older) return;
    to = start;
  }
}

/** The sequence of a message that came from this input partition, else null. */
function sequenceOf(record: KafkaMessage, input: ReadBack['input']): number | null {
  const headers = new Map(headerList(record.headers).map(([name, value]) => [name, value.toString()]));
  if (headers.get('tidemark-topic') !== input.topic) return null;
  if (headers.get('tidemark-partition') !== String(input.partition)) return null;
  const sequence = headers.get('tidemark-sequence');
  return sequence !== undefined && /^\d+$/.test(sequence) ? Number(sequence) : null;
}
