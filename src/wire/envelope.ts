import { sizeOfCount } from '../bytes/varint.ts';
import type { Emission } from '../core/changes.ts';
import type { VisitEnded } from '../core/rules/visit-ended.ts';
import type { Outgoing, OutMessage, OutputTopic } from '../ports/output.ts';
import type { RawRecord } from '../ports/record.ts';
import type { OutboxRow } from '../ports/store.ts';
import { OWN_PREFIX, RECEIVED_AT } from './headers.ts';
import { OutboxWriter } from './outbox.ts';
import { putBytes, putLong, putText, textRoom } from './put.ts';
import { putRecordBody, recordBodyRoom } from './record-body.ts';
import { clean, cut } from './text.ts';
import { VisitEndedWriter } from './visit-ended.gen.ts';

export interface EnvelopeContext {
  /** Topic of the input. */
  readonly topic: string;
  readonly partition: number;
  /** The registry's id of `schemas/VisitEnded.avsc`. */
  readonly outputSchemaId: number;
  /** Bytes that each topic accepts in one batch (`max.message.bytes`). */
  readonly maxBytes: { readonly [topic in OutputTopic]: number };
  /** Whether a record of this input may hold several entries: then `tidemark-index` says which it was. */
  readonly severalPerRecord: boolean;
}

type SetAsideEmission = Exclude<Emission<RawRecord>, { readonly kind: 'output' }>;
type Header = readonly [name: string, value: Buffer];

/**
 * Bytes that the events of one record take together when they are set aside, each with the whole record: what is beyond
 * is sent without its value. A record of 1 MB with 1,000 events that are refused would be 1 GB otherwise.
 */
const RECORD_BYTES = 4_000_000;

/** Bytes expected of the first row; a later one is expected to take as many as the one before. */
const FIRST_BYTES = 4_096;

/**
 * Messages of one partition, encoded as soon as they arise: the objects that describe them live for a moment, and what
 * they describe is at hand. What is set aside goes out as it came, with the reason and its origin.
 *
 * All that is set aside of a record has to be added before `take`: the bytes of its events are bounded together.
 */
export class Envelopes implements Outgoing {
  readonly #context: EnvelopeContext;
  readonly #visits: VisitEndedWriter;
  readonly #headers: Buffer;
  #writer: OutboxWriter | null = null;
  #bytes = FIRST_BYTES;
  /** Offset of the record that was last set aside from, and the bytes that more events of it may take. */
  #offset = -1;
  #left = 0;

  constructor(context: EnvelopeContext) {
    this.#context = context;
    this.#visits = new VisitEndedWriter(context.topic, context.partition, context.outputSchemaId);
    this.#headers = ownHeaders(context);
  }

  /** @throws RangeError where the message is not the next one. */
  add(emission: Emission<RawRecord>): void {
    this.#writer ??= new OutboxWriter(emission.sequence, this.#bytes);
    const writer = this.#writer;
    const next = writer.first + writer.count;
    if (emission.sequence !== next) {
      throw new RangeError(`message ${emission.sequence} stands where ${next} should: sequences have no hole`);
    }
    if (emission.kind === 'output') {
      putVisit(writer, this.#visits, this.#headers, emission.message, emission.sequence);
      return;
    }
    const isFirst = emission.offset !== this.#offset;
    if (isFirst) this.#left = RECORD_BYTES;
    const message = setAside(emission, this.#context, isFirst ? Number.POSITIVE_INFINITY : this.#left);
    this.#offset = emission.offset;
    this.#left -= batchBytes(message);
    const at = writer.begin(message.topic, recordBodyRoom(message));
    writer.end(putRecordBody(writer.buf, at, message));
  }

  take(): OutboxRow | null {
    const writer = this.#writer;
    if (writer === null) return null;
    this.#writer = null;
    const payload = writer.finish();
    // An eighth more, so that most rows are not copied to grow.
    this.#bytes = Math.ceil(payload.length * 1.125);
    return { first: writer.first, next: writer.first + writer.count, payload };
  }
}

/** Headers of an output message: their number, all but the last, and the name of the last. */
function ownHeaders({ topic, partition }: EnvelopeContext): Buffer {
  const buf = Buffer.alloc(200 + textRoom(topic));
  let at = putLong(buf, 0, 3);
  at = putText(buf, putText(buf, at, 'tidemark-topic'), topic);
  at = putText(buf, putText(buf, at, 'tidemark-partition'), String(partition));
  return buf.subarray(0, putText(buf, at, 'tidemark-sequence'));
}

/** Writes the body of an output message into the row: key, value, headers. */
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

/** Bytes of the length of a value: at most, and for most. */
const VALUE_LENGTH_ROOM = 5;
const VALUE_LENGTH = 2;

function setAside(emission: SetAsideEmission, context: EnvelopeContext, left: number): OutMessage {
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
