/** What read-committed consumers of the output topics have seen, and what must hold of it at any time. */
import type { OutMessage, OutputTopic } from '../../src/ports/output.ts';
import { decodeVisitEnded } from '../../src/wire/visit-ended.ts';
import type { SentRecord } from './cluster/batch.ts';

export class Seen {
  readonly #broken: (what: string) => void;
  /** By input partition and sequence. */
  readonly #messages: Map<number, OutMessage>[];
  readonly #revisions = new Set<string>();
  /** Highest sequence, by partition of a topic and input partition. */
  readonly #last = new Map<string, number>();
  /** Where messages of an input partition with this key go. */
  readonly #places = new Map<string, number>();
  readonly #positions: number[];
  readonly #outputs: Readonly<Record<OutputTopic, number>>;

  constructor(partitions: number, outputs: Readonly<Record<OutputTopic, number>>, broken: (what: string) => void) {
    this.#outputs = outputs;
    this.#broken = broken;
    this.#messages = Array.from({ length: partitions }, () => new Map());
    this.#positions = Array.from({ length: partitions }, () => 0);
  }

  count(partition: number): number {
    return this.#messages[partition]!.size;
  }

  /** By sequence. */
  messages(partition: number): OutMessage[] {
    return [...this.#messages[partition]!.values()].sort((a, b) => a.sequence - b.sequence);
  }

  /** Of the first so many, the sequences that no reader has seen. */
  missing(partition: number, sequences: number): number[] {
    return Array.from({ length: sequences }, (_, i) => i).filter((i) => !this.#messages[partition]!.has(i));
  }

  see(topic: OutputTopic, to: number, record: SentRecord): void {
    const header = (name: string) => Number(record.headers.find(([found]) => found === `tidemark-${name}`)?.[1]);
    const [partition, sequence] = [header('partition'), header('sequence')];
    const what = `message ${sequence} of partition ${partition}`;
    const messages = this.#messages[partition];
    if (messages === undefined || !Number.isInteger(sequence)) {
      this.#broken(`a consumer sees ${what}`);
      return;
    }
    if (messages.has(sequence)) this.#broken(`a consumer sees ${what} twice`);
    messages.set(sequence, { topic, sequence, ...record });
    this.#inOrder(topic, to, partition, sequence, what);
    this.#inPlace(topic, to, partition, record.key, what);
    if (topic === 'output') this.#once(record.value!);
  }

  /** Kafka keeps this position from now on. */
  positioned(partition: number, position: number): void {
    const before = this.#positions[partition]!;
    if (position < before)
      this.#broken(`the position of partition ${partition} goes from ${before} back to ${position}`);
    this.#positions[partition] = position;
  }

  #inOrder(topic: OutputTopic, to: number, partition: number, sequence: number, what: string): void {
    const log = `${topic} ${to} ${partition}`;
    const last = this.#last.get(log) ?? -1;
    if (sequence <= last) this.#broken(`a consumer of partition ${to} of ${topic} sees ${what} behind ${last}`);
    this.#last.set(log, sequence);
  }

  /** With as many partitions as the input the same; else by key. */
  #inPlace(topic: OutputTopic, to: number, partition: number, key: Buffer | null, what: string): void {
    const same = this.#outputs[topic] === this.#messages.length;
    const of = `${topic} ${key === null ? `without, of ${partition}` : `key ${key.toString('latin1')}`}`;
    const place = same ? partition : (this.#places.get(of) ?? to);
    this.#places.set(of, place);
    if (place !== to) this.#broken(`${what} is in partition ${to} of ${topic}, not in ${place}`);
  }

  #once(value: Buffer): void {
    const { visitId, revision } = decodeVisitEnded(value);
    const subject = `${visitId} ${revision}`;
    if (this.#revisions.has(subject)) this.#broken(`revision ${revision} of visit ${visitId} is published twice`);
    this.#revisions.add(subject);
  }
}
