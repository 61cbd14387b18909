import type { OutMessage, Output, OutputSession, PublishedMessage } from '../ports/output.ts';

/** Output topics in memory: transactions are atomic, and a new session of a partition fences the one before. */
export class MemoryOutput implements Output {
  /** By input partition, all that was committed, in order. */
  private readonly sent = new Map<number, OutMessage[]>();
  private readonly positions = new Map<number, number>();
  private readonly epochs = new Map<number, number>();
  private readonly onSent: (partition: number, messages: readonly OutMessage[]) => void;

  constructor(onSent: (partition: number, messages: readonly OutMessage[]) => void = () => {}) {
    this.onSent = onSent;
  }

  /** What a read-committed consumer sees of an input partition's messages. */
  messages(partition: number): readonly OutMessage[] {
    return this.sent.get(partition) ?? [];
  }

  async open(partition: number): Promise<OutputSession> {
    const epoch = (this.epochs.get(partition) ?? 0) + 1;
    this.epochs.set(partition, epoch);
    let broken = false;
    const commit = (messages: readonly OutMessage[], next: number) => {
      if (broken || this.epochs.get(partition) !== epoch) {
        broken = true;
        throw new Error(`the producer of partition ${partition} is fenced: a newer one has taken over`);
      }
      this.sent.set(partition, [...this.messages(partition), ...messages]);
      this.positions.set(partition, next);
      if (messages.length > 0) this.onSent(partition, messages);
    };
    return {
      position: async () => this.positions.get(partition) ?? null,
      send: async (messages, next) =>
        commit(
          messages.flatMap((some) => [...some]),
          next,
        ),
      renew: async (next) => commit([], next),
      readBack: async (from) =>
        this.messages(partition)
          .filter((m) => m.sequence >= from)
          .map(published),
      close: async () => {
        broken = true;
      },
    };
  }

  async close(): Promise<void> {}
}

function published({ topic, sequence, value }: OutMessage): PublishedMessage {
  return { topic, sequence, value: topic === 'output' ? value : null };
}
