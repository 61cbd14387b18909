import type { Emission } from '../../../src/core/changes.ts';
import { partitionByKey } from '../../../src/kafka/layout.ts';
import type { RawRecord } from '../../../src/ports/record.ts';
import { encodeVisitEnded } from '../../wire/support/messages.ts';
import type { ConsoleRecord } from '../read-topic.ts';

/** A message in a form that can be compared and read. */
export interface Message {
  /** Of the topic that it is in. */
  readonly partition: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A topic of messages, and the input that they are from. */
export interface Written {
  readonly input: { readonly topic: string; readonly partitions: number };
  readonly partitions: number;
  /** Of what its values are written by. */
  readonly schemaId: number;
}

/** What has to be there of an emission of an input partition. */
export function message(emission: Emission<unknown>, from: number, { input, partitions, schemaId }: Written): Message {
  const ours: [string, string][] = [
    ['tidemark-topic', input.topic],
    ['tidemark-partition', String(from)],
    ['tidemark-sequence', String(emission.sequence)],
  ];
  if (emission.kind === 'output') {
    const { sessionId } = emission.message;
    const value = encodeVisitEnded(emission.message, input.topic, from, schemaId).toString('base64');
    const partition = partitionOf(Buffer.from(sessionId), from, input.partitions, partitions);
    return { partition, key: sessionId, value, headers: ours.sort() };
  }
  const raw = emission.raw as RawRecord;
  ours.push(
    ['tidemark-reason', emission.kind === 'late' ? 'late' : emission.reason],
    ['tidemark-error', emission.error === '' ? SOME_TEXT : emission.error],
    ['tidemark-offset', String(emission.offset)],
    ['tidemark-timestamp', String(emission.timestamp)],
  );
  if (emission.kind === 'late' && emission.visitId !== null) ours.push(['tidemark-visit-id', emission.visitId]);
  const theirs = raw.headers
    .filter(([header]) => !header.startsWith('tidemark-') || header === 'tidemark-received-at')
    .map(([header, value]) => [header, value.toString()] as [string, string]);
  return {
    partition: partitionOf(raw.key, from, input.partitions, partitions),
    key: raw.key?.toString() ?? null,
    value: raw.value?.toString('base64') ?? null,
    headers: [...theirs, ...ours].sort(),
  };
}

/** As the README has it: the input's partition where there are as many, else by key as Java producers choose. */
export function partitionOf(key: Buffer | null, from: number, inputs: number, partitions: number): number {
  if (partitions === inputs) return from;
  return key === null ? from % partitions : partitionByKey('', key, partitions);
}

/** The reference knows what happens to an event, not always the words of its error. */
const SOME_TEXT = '(some text)';
const WORDLESS = new Set(['future', 'visit_full', 'late']);

export function comparable({ partition, key, value, headers }: ConsoleRecord): Message {
  const reason = headers.find(([name]) => name === 'tidemark-reason')?.[1].toString() ?? '';
  const plain = headers.map(([name, bytes]): [string, string] => {
    const isWordless = name === 'tidemark-error' && WORDLESS.has(reason) && bytes.length > 0;
    return [name, isWordless ? SOME_TEXT : bytes.toString()];
  });
  return {
    partition,
    key: key?.toString() ?? null,
    value: isSeal({ value }) ? SEAL_VALUE : (value?.toString('base64') ?? null),
    headers: plain.sort(),
  };
}

/** A message's place: two with the same one are one message twice. */
export function identity(message: Message): string {
  const [input, sequence] = [inputOf(message), headerOf(message, 'tidemark-sequence')];
  return sequence === undefined
    ? `partition ${message.partition} ${message.value}`
    : `partition ${input} message ${sequence}`;
}

/**
 * By partition, and there by the input's: of one input partition's messages in one partition the order is kept. What is
 * of none, as a seal, comes last.
 */
export function inOrder(messages: readonly Message[]): Message[] {
  const input = (message: Message) => Number(inputOf(message) ?? Number.POSITIVE_INFINITY);
  return [...messages].sort((a, b) => a.partition - b.partition || compareNumbers(input(a), input(b)));
}

/** Of infinite ones, too. */
const compareNumbers = (a: number, b: number) => (a === b ? 0 : a - b);

const inputOf = (message: Message) => headerOf(message, 'tidemark-partition');

function headerOf({ headers }: Message, wanted: string): string | undefined {
  return headers.find(([name]) => name === wanted)?.[1];
}

/** The last record of a partition: a reader that has it has read all. */
export const SEAL_VALUE = 'nothing follows';
export const seal = (partition: number): Message => ({ partition, key: null, value: SEAL_VALUE, headers: [] });
export const isSeal = ({ value }: Pick<ConsoleRecord, 'value'>) => value?.toString() === SEAL_VALUE;
