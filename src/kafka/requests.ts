import { OUTPUT_TOPICS, type OutMessages } from '../ports/output.ts';
import { BatchWriter } from './batch-writer.ts';
import { type Layout, type OutputTopics, partitionFor } from './layout.ts';
import type { BatchToSend } from './produce/idempotent-producer.ts';

/** Most bytes that are sent at once, half of what brokers take by default; a record larger than this goes alone. */
const REQUEST_BYTES = 512 * 1024;

export interface RequestOptions {
  readonly topics: OutputTopics;
  readonly layout: Layout;
  readonly inputPartition: number;
}

interface Slot {
  readonly topic: string;
  readonly partition: number;
  /** Bytes of a batch that the topic takes. */
  readonly most: number;
  readonly batch: BatchWriter;
}

/**
 * Turns messages in order into batches that the brokers take, some at once: of each partition one, no larger than its
 * topic's `max.message.bytes`. A message that is too large by itself goes alone, for the broker to judge.
 */
export class Requests {
  readonly #options: RequestOptions;
  readonly #slots = new Map<string, Slot>();
  /** Where messages of each topic go, by its place in `OUTPUT_TOPICS`; null where that depends on their key. */
  readonly #fixed: readonly (Slot | null)[];

  constructor(options: RequestOptions) {
    this.#options = options;
    const { layout, inputPartition } = options;
    this.#fixed = OUTPUT_TOPICS.map((topic, i) =>
      layout.partitions.get(topic) === layout.inputPartitions ? this.#slot(i, inputPartition) : null,
    );
  }

  /** What is given is to be acknowledged before more is asked for. @param timestamp of all records, ms */
  *split(messages: readonly OutMessages[], timestamp: number): Iterable<readonly BatchToSend[]> {
    // Records that a failed call has left.
    for (const { batch } of this.#slots.values()) batch.clear();
    let bytes = 0;
    for (const some of messages) {
      for (let i = 0; i < some.topics.length; i += 1) {
        const { batch, most } = this.#fixed[some.topics[i]!] ?? this.#byKey(some, i);
        let size = batch.sizeOf(some, i);
        if (bytes > 0 && (bytes + size > REQUEST_BYTES || batch.bytes + size > most)) {
          yield this.#filled(timestamp);
          bytes = 0;
          for (const slot of this.#slots.values()) slot.batch.clear();
          size = batch.sizeOf(some, i);
        }
        batch.add(some, i);
        bytes += size;
      }
    }
    if (bytes > 0) yield this.#filled(timestamp);
  }

  #filled(timestamp: number): BatchToSend[] {
    return [...this.#slots.values()]
      .filter(({ batch }) => batch.length > 0)
      .map(({ topic, partition, batch }) => ({ topic, partition, batch, timestamp }));
  }

  #byKey(messages: OutMessages, i: number): Slot {
    const { layout, inputPartition } = this.#options;
    return this.#slot(messages.topics[i]!, partitionFor(messages.message(i), inputPartition, layout));
  }

  #slot(topic: number, partition: number): Slot {
    const key = `${topic} ${partition}`;
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      const { topics, layout } = this.#options;
      const name = OUTPUT_TOPICS[topic]!;
      slot = { topic: topics[name], partition, most: layout.limits.get(name)!, batch: new BatchWriter() };
      this.#slots.set(key, slot);
    }
    return slot;
  }
}
