/**
 * The messages of one commit as they stand in the outbox.
 *
 * Layout: byte 0x54 ('T'), version, CRC-32 of all that follows (4 bytes); then varints: sequence of the first message,
 * number of messages; then of each: topic (1 byte), length of its body (varint), and the body, which is sent as it is
 * (see record-body.ts). Sequences have no hole, so only the first is written.
 */
import { crc32 } from 'node:zlib';
import { putCount, sizeOfCount, VarintReader } from '../bytes/varint.ts';
import { OUTPUT_TOPICS, type OutMessage, type OutMessages, type OutputTopic } from '../ports/output.ts';
import { putRecordBody, readRecordBody, recordBodyRoom } from './record-body.ts';

const MAGIC = 0x54;
const VERSION = 2;
const CHECKSUM = 2;
const HEADER = 6;
/** Bytes before a record's body: at most, and for most. */
const FRAME_ROOM = 6;
const FRAME = 3;

/** Rows that this process wrote: most are sent from memory, and their checksum needs no check. */
const written = new WeakSet<Buffer>();

/** Bytes before the first message at most: the header and two counts. */
const HEAD_ROOM = HEADER + 2 * 8;

/** Writes a row: `begin` a message, write its body there, `end` it; `finish` the row. */
export class OutboxWriter {
  /** Holds what `begin` made room for. */
  buf: Buffer;
  count = 0;
  readonly first: number;
  #frame = 0;
  #at = HEAD_ROOM;

  /** @param bytes that the row will take, about: a larger one is copied. */
  constructor(first: number, bytes: number) {
    this.first = first;
    this.buf = Buffer.allocUnsafeSlow(Math.max(64, HEAD_ROOM + bytes));
  }

  /** Makes room for a record's body. @returns where it begins in `buf`. */
  begin(topic: OutputTopic, room: number): number {
    const needed = this.#at + FRAME_ROOM + room;
    if (needed > this.buf.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.buf.length * 2, needed));
      this.buf.copy(larger, 0, 0, this.#at);
      this.buf = larger;
    }
    this.#frame = this.#at;
    this.buf[this.#frame] = OUTPUT_TOPICS.indexOf(topic);
    return this.#frame + FRAME;
  }

  /** Ends the message, whose body ends at `at`. */
  end(at: number): void {
    const { buf } = this;
    const length = at - this.#frame - FRAME;
    const start = this.#frame + 1 + sizeOfCount(length);
    if (start !== this.#frame + FRAME) buf.copyWithin(start, this.#frame + FRAME, at);
    putCount(buf, this.#frame + 1, length);
    this.#at = start + length;
    this.count += 1;
  }

  /** Writes the head right before the first message: only now the number of messages is known. */
  finish(): Buffer {
    const head = Buffer.alloc(HEAD_ROOM);
    head[0] = MAGIC;
    head[1] = VERSION;
    const length = putCount(head, putCount(head, HEADER, this.first), this.count);
    const row = this.buf.subarray(HEAD_ROOM - length, this.#at);
    head.copy(row, 0, 0, length);
    row.writeUInt32BE(crc32(row.subarray(HEADER)), CHECKSUM);
    written.add(row);
    return row;
  }
}

/** @param messages at least one, with sequences that have no hole. @throws RangeError otherwise. */
export function encodeOutbox(messages: readonly OutMessage[]): Buffer {
  const first = messages[0]?.sequence;
  if (first === undefined) throw new RangeError('an outbox row holds at least one message');
  const writer = new OutboxWriter(first, 1_024);
  for (const [i, message] of messages.entries()) {
    if (message.sequence !== first + i) {
      throw new RangeError(`message ${message.sequence} stands where ${first + i} should: sequences have no hole`);
    }
    const at = writer.begin(message.topic, recordBodyRoom(message));
    writer.end(putRecordBody(writer.buf, at, message));
  }
  return writer.finish();
}

/** The messages' bytes are slices of `row`. @throws Error where the row is not whole, or of another version. */
export function decodeOutbox(row: Buffer): OutMessages {
  if (row.length < HEADER || row[0] !== MAGIC) throw damaged('it does not begin as one');
  const version = row[1]!;
  if (version !== VERSION) {
    throw new Error(`outbox row has version ${version}; this tidemark reads ${VERSION}: run the version that wrote it`);
  }
  const body = row.subarray(HEADER);
  if (!written.has(row) && crc32(body) !== row.readUInt32BE(CHECKSUM)) throw damaged('its checksum does not match');
  return Row.read(body);
}

function damaged(why: string): Error {
  return new Error(`outbox row is damaged (${why}): restore the database`);
}

class Row implements OutMessages {
  readonly first: number;
  readonly bytes: Buffer;
  readonly topics: Uint8Array;
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;

  private constructor(first: number, bytes: Buffer, topics: Uint8Array, starts: Uint32Array, ends: Uint32Array) {
    this.first = first;
    this.bytes = bytes;
    this.topics = topics;
    this.starts = starts;
    this.ends = ends;
  }

  static read(body: Buffer): Row {
    const input = new VarintReader();
    const first = input.count(body);
    const messages = input.count(body);
    if (messages > body.length || input.at > body.length) throw damaged('it ends early');
    const topics = new Uint8Array(messages);
    const starts = new Uint32Array(messages);
    const ends = new Uint32Array(messages);
    for (let i = 0; i < messages; i += 1) {
      const topic = body[input.at++];
      if (topic === undefined || topic >= OUTPUT_TOPICS.length) throw damaged('it names a topic that is not known');
      const length = input.count(body);
      topics[i] = topic;
      starts[i] = input.at;
      input.at += length;
      ends[i] = input.at;
      if (input.at > body.length) throw damaged('it ends early');
    }
    if (input.at !== body.length) throw damaged('bytes follow its last message');
    return new Row(first, body, topics, starts, ends);
  }

  get next(): number {
    return this.first + this.topics.length;
  }

  message(i: number): OutMessage {
    const topic = OUTPUT_TOPICS[this.topics[i]!]!;
    return { topic, sequence: this.first + i, ...readRecordBody(this.bytes, this.starts[i]!, this.ends[i]!) };
  }

  slice(from: number, to: number): OutMessages {
    const { first, bytes, topics, starts, ends } = this;
    return new Row(first + from, bytes, topics.subarray(from, to), starts.subarray(from, to), ends.subarray(from, to));
  }

  *[Symbol.iterator](): Iterator<OutMessage> {
    for (let i = 0; i < this.topics.length; i += 1) yield this.message(i);
  }
}
