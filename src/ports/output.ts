/**
 * What the processor asks of the output topics, and what it sends to them. `kafka/` has the real form, `memory/` the one for
 * tests that control time and crashes.
 */
import type { Emission } from '../core/changes.ts';
import type { RawRecord } from './record.ts';
import type { OutboxRow } from './store.ts';

/** An outbox row names each by its index in this list. */
export const OUTPUT_TOPICS = ['output', 'dead-letter', 'late'] as const;

export type OutputTopic = (typeof OUTPUT_TOPICS)[number];

/** A message to send. */
export interface OutMessage {
  readonly topic: OutputTopic;
  readonly sequence: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

/** Messages of an outbox row, one behind the other, in the bytes that will be sent. Iterating decodes each. */
export interface OutMessages extends Iterable<OutMessage> {
  /** Sequence of the first, and behind the last. */
  readonly first: number;
  readonly next: number;
  /** For each message the index of its topic in `OUTPUT_TOPICS`. */
  readonly topics: Uint8Array;
  /** For each message where key, value and headers lie in `bytes`, as a Kafka record of format 2 has them. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly bytes: Buffer;
  /** The i-th, decoded. */
  message(i: number): OutMessage;
  /** From the i-th up to, not including, the j-th. */
  slice(i: number, j: number): OutMessages;
}

/** A message of an output topic, as read back. */
export interface PublishedMessage {
  readonly topic: OutputTopic;
  readonly sequence: number;
  /** The value of a message of the output topic; null for records set aside. */
  readonly value: Buffer | null;
}

/** A transactional producer that has fenced its predecessor. After any error it is of no use: close and open anew. */
export interface OutputSession {
  /** The position kept in Kafka: sequence of the next message to send. null: there is none, or it expired. */
  position(): Promise<number | null>;
  /** One transaction: these messages, in order and without a hole, and the position behind them. */
  send(messages: readonly OutMessages[], next: number): Promise<void>;
  /** Writes the position anew, so that it does not expire. */
  renew(next: number): Promise<void>;
  /** Committed messages of this partition in the output topics whose sequence is at least `from`, by sequence. */
  readBack(from: number): Promise<PublishedMessage[]>;
  /** Resolves within a second or two, whatever is away; never throws. */
  close(): Promise<void>;
}

export interface Output {
  /** A new producer, its predecessor fenced, by the time this resolves. */
  open(partition: number): Promise<OutputSession>;
  close(): Promise<void>;
}

/** The messages that the fold emits, encoded as they arise, until a commit takes them. */
export interface Outgoing {
  /** The next message: sequences have no hole. */
  add(emission: Emission<RawRecord>): void;
  /** Removes and returns all that was added since the last time, for one commit; null: nothing was. */
  take(): OutboxRow | null;
}
