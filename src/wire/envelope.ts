import type { Emission, VisitEnded } from '../core/changes.ts';
import type { OutboxRow, OutMessage, OutputTopic, RawRecord } from '../processor/ports.ts';
import { OWN_PREFIX, RECEIVED_AT } from './headers.ts';
import { OutboxWriter } from './outbox.ts';
import { putBytes, putLong, putText, sizeOfCount, textRoom } from './put.ts';
import { putTail, tailRoom } from './tail.ts';
import { clean, cut } from './text.ts';
import { VisitEndedWriter } from './visit-writer.ts';

export interface EnvelopeContext {
  /** Of the input. */
  readonly topic: string;
  readonly partition: number;
  /** The registry's id of `schemas/VisitEnded.avsc`. */
  readonly outputSchemaId: number;
  /** What each topic takes in one batch (`max.message.bytes`). */
  readonly maxBytes: { readonly [topic in OutputTopic]: number };
  /** Whether a record of this input may hold several entries: then `tidemark-index` says which it was. */
  readonly severalPerRecord: boolean;
}

type SetAside = Exclude<Emission<RawRecord>, { readonly kind: 'output' }>;
type Header = readonly [name: string, value: Buffer];

/**
 * Bytes that the events of one record take together when they are set aside, each with the whole record: what is beyond
 * goes without its value. A record of 1 MB with 1,000 events that are refused would be 1 GB otherwise.
 */
const RECORD_BYTES = 4_000_000;

/** Bytes that a message takes in a row, about: most take less. */
const MESSAGE_BYTES = 600;

/**
 * What a commit gives out, ready to send; null where that is nothing. What is set aside goes as it came, with the
 * reason and where it came from.
 *
 * @param emissions all of a record's together, or what its events take cannot be told.
 */
export function encodeEmissions(emissions: readonly Emission<RawRecord>[], context: EnvelopeContext): OutboxRow | null {
  const [begin] = emissions;
  if (begin === undefined) return null;
  const { sequence: first } = begin;
  const writer = new OutboxWriter(first, emissions.length, emissions.length * MESSAGE_BYTES);
  const visits = new VisitEndedWriter(context.topic, context.partition, context.outputSchemaId);
  const headers = ownHeaders(context);
  let offset = -1;
  let left = 0;
  let next = first;
  for (const emission of emissions) {
    if (emission.sequence !== next) {
      throw new RangeError(`message ${emission.sequence} stands where ${next} should: sequences have no hole`);
    }
    next += 1;
    if (emission.kind === 'output') {
      putVisit(writer, visits, headers, emission.message, emission.sequence);
      continue;
    }
    const isFirst = emission.offset !== offset;
    if (isFirst) left = RECORD_BYTES;
    const message = setAside(emission, context, isFirst ? Number.POSITIVE_INFINITY : left);
    offset = emission.offset;
    left -= batchBytes(message);
    const at = writer.begin(message.topic, tailRoom(message));
    writer.end(putTail(writer.buf, at, message));
  }
  return { first, next, payload: writer.finish() };
}

/** Headers of an output message: their number, all but the last, and the name of the last. */
function ownHeaders({ topic, partition }: EnvelopeContext): Buffer {
  const buf = Buffer.alloc(200 + textRoom(topic));
  let at = putLong(buf, 0, 3);
  at = putText(buf, putText(buf, at, 'tidemark-topic'), topic);
  at = putText(buf, putText(buf, at, 'tidemark-partition'), String(partition));
  return buf.subarray(0, putText(buf, at, 'tidemark-sequence'));
}

/** The tail of an output message, written into the row as it arises: key, value, headers. */
function putVisit(
  writer: OutboxWriter,
  visits: VisitEndedWriter,
  headers: Buffer,
  message: VisitEnded,
  sequence: number,
): void {
  const room = textRoom(message.sessionId) + VALUE_LENGTH_ROOM + visits.room(message) + headers.length + 20;
  const start = writer.begin('output', room);
  const { buf } = writer;
  const lengthAt = putText(buf, start, message.sessionId);
  const guess = lengthAt + VALUE_LENGTH;
  let end = visits.write(buf, guess, message);
  const bytes = end - guess;
  const valueAt = lengthAt + sizeOfCount(bytes * 2);
  if (valueAt !== guess) buf.copyWithin(valueAt, guess, end);
  putLong(buf, lengthAt, bytes);
  end = putBytes(buf, valueAt + bytes, headers);
  writer.end(putText(buf, end, String(sequence)));
}

/** Of the length of a value: at most, and for most. */
const VALUE_LENGTH_ROOM = 5;
const VALUE_LENGTH = 2;

function setAside(emission: SetAside, context: EnvelopeContext, left: number): OutMessage {
  const { kind, sequence, raw } = emission;
  const ours = [
    header('tidemark-reason', kind === 'late' ? 'late' : emission.reason),
    header('tidemark-error', cut(clean(emission.error))),
    header('tidemark-topic', context.topic),
    header('tidemark-partition', context.partition),
    header('tidemark-offset', emission.offset),
    header('tidemark-timestamp', emission.timestamp),
    header('tidemark-sequence', sequence),
  ];
  if (context.severalPerRecord) ours.push(header('tidemark-index', emission.index));
  if (kind === 'late' && emission.visitId !== null) ours.push(header('tidemark-visit-id', emission.visitId));
  // A record that comes back from an earlier pass through these topics carries that pass's headers.
  const theirs = raw.headers.filter(([name]) => name === RECEIVED_AT || !name.startsWith(OWN_PREFIX));

  const whole: OutMessage = { topic: kind, sequence, key: raw.key, value: raw.value, headers: [...theirs, ...ours] };
  return fitted(whole, ours, Math.min(context.maxBytes[kind], left));
}

/**
 * The message as a topic takes it. A record near the limit of its topic does not fit one of the same limit once it has
 * our headers: it goes without its value and, where that is not enough, without its headers and its key, for a message
 * that no topic takes would hold up all that follow.
 */
function fitted(whole: OutMessage, ours: readonly Header[], maxBytes: number): OutMessage {
  if (batchBytes(whole) <= maxBytes) return whole;
  const mark = header('tidemark-truncated', 'true');
  const bare: OutMessage = { ...whole, value: null, headers: [...whole.headers, mark] };
  if (batchBytes(bare) <= maxBytes) return bare;
  const alone: OutMessage = { ...bare, headers: [...ours, mark] };
  return batchBytes(alone) <= maxBytes ? alone : { ...alone, key: null };
}

const BATCH_FRAME = 61;
/** Length, attributes, timestamp and offset deltas, key and value lengths, number of headers: at most. */
const RECORD_FRAME = 5 + 1 + 10 + 5 + 5 + 5 + 5;
/** Lengths of name and value: at most. */
const HEADER_FRAME = 10;

/** Bytes that a batch of this one message takes uncompressed: never less than in truth. */
export function batchBytes(message: OutMessage): number {
  let bytes = BATCH_FRAME + RECORD_FRAME + (message.key?.length ?? 0) + (message.value?.length ?? 0);
  for (const [name, value] of message.headers) bytes += HEADER_FRAME + Buffer.byteLength(name) + value.length;
  return bytes;
}

function header(name: string, value: string | number): Header {
  return [name, Buffer.from(String(value))];
}
