/**
 * The messages of one commit as they stand in the outbox.
 *
 * Layout: byte 0x54 ('T'), version, CRC-32 of all that follows (4 bytes); then varints: sequence of the first message,
 * number of messages; then of each: topic, key, value, number of headers, and name and value of each header. Sequences
 * have no hole, so only the first is written. A length is written plus one; 0 is null.
 */
import { crc32 } from 'node:zlib';
import type { OutMessage, OutputTopic } from '../processor/ports.ts';
import { Sink } from './sink.ts';

const MAGIC = 0x54;
const VERSION = 1;
const CHECKSUM = 2;
const HEADER = 6;
const TOPICS: readonly OutputTopic[] = ['output', 'dead-letter', 'late'];

/** @param messages at least one, with sequences that have no hole. @throws RangeError otherwise. */
export function encodeOutbox(messages: readonly OutMessage[]): Buffer {
  const first = messages[0]?.sequence;
  if (first === undefined) throw new RangeError('an outbox row holds at least one message');
  const sink = new Sink();
  sink.byte(MAGIC);
  sink.byte(VERSION);
  sink.uint32(0);
  sink.count(first);
  sink.count(messages.length);
  for (const [i, message] of messages.entries()) {
    if (message.sequence !== first + i) {
      throw new RangeError(`message ${message.sequence} stands where ${first + i} should: sequences have no hole`);
    }
    sink.count(TOPICS.indexOf(message.topic));
    writeBytes(sink, message.key);
    writeBytes(sink, message.value);
    sink.count(message.headers.length);
    for (const [name, value] of message.headers) {
      writeBytes(sink, Buffer.from(name));
      writeBytes(sink, value);
    }
  }
  const row = sink.toBuffer();
  row.writeUInt32BE(crc32(row.subarray(HEADER)), CHECKSUM);
  return row;
}

/** The messages' bytes are slices of `row`. @throws Error where the row is not whole, or of another version. */
export function decodeOutbox(row: Buffer): OutMessage[] {
  if (row.length < HEADER || row[0] !== MAGIC) throw damaged('it does not begin as one');
  if (row[1] !== VERSION) {
    throw new Error(`outbox row has version ${row[1]}; this tidemark reads ${VERSION}: run the version that wrote it`);
  }
  const body = row.subarray(HEADER);
  if (crc32(body) !== row.readUInt32BE(CHECKSUM)) throw damaged('its checksum does not match');
  const reader = new Reader(body);
  const first = reader.varint();
  const messages: OutMessage[] = [];
  for (let i = 0, count = reader.varint(); i < count; i++) {
    const topic = TOPICS[reader.varint()];
    if (topic === undefined) throw damaged('it names a topic that is not known');
    const key = reader.bytes();
    const value = reader.bytes();
    const headers: [string, Buffer][] = [];
    for (let left = reader.varint(); left > 0; left--) {
      headers.push([(reader.bytes() ?? Buffer.alloc(0)).toString(), reader.bytes() ?? Buffer.alloc(0)]);
    }
    messages.push({ topic, sequence: first + i, key, value, headers });
  }
  reader.end();
  return messages;
}

function damaged(why: string): Error {
  return new Error(`outbox row is damaged (${why}): restore the database`);
}

function writeBytes(sink: Sink, bytes: Buffer | null): void {
  sink.count(bytes === null ? 0 : bytes.length + 1);
  if (bytes !== null) sink.bytes(bytes);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw damaged('it ends early');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  bytes(): Buffer | null {
    const length = this.varint() - 1;
    if (length < 0) return null;
    if (this.#at + length > this.#bytes.length) throw damaged('it ends early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw damaged('bytes follow its last message');
  }
}
