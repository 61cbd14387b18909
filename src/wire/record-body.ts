/**
 * The body of a Kafka record of format 2: key, value and headers, as they are sent. What stands before it (length,
 * attributes, deltas of time and offset) is known only when the record is sent.
 */
import { VarintReader } from '../bytes/varint.ts';
import type { OutMessage } from '../ports/output.ts';
import { LONG_ROOM, putBytes, putLong, putText, textRoom } from './put.ts';

type Content = Pick<OutMessage, 'key' | 'value' | 'headers'>;

/** Bytes that a record's body takes at most. */
export function recordBodyRoom({ key, value, headers }: Content): number {
  let room = 3 * LONG_ROOM + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, content] of headers) room += textRoom(name) + LONG_ROOM + content.length;
  return room;
}

/** @returns where it ends. */
export function putRecordBody(buf: Buffer, start: number, { key, value, headers }: Content): number {
  let at = putSized(buf, start, key);
  at = putSized(buf, at, value);
  at = putLong(buf, at, headers.length);
  for (const [name, content] of headers) at = putSized(buf, putText(buf, at, name), content);
  return at;
}

/** A null has the length -1. */
export function putSized(buf: Buffer, at: number, bytes: Buffer | null): number {
  if (bytes === null) return putLong(buf, at, -1);
  return putBytes(buf, putLong(buf, at, bytes.length), bytes);
}

/** Reads the body from `start` to `end`. The buffers are slices. @throws Error where that is no body. */
export function readRecordBody(bytes: Buffer, start: number, end: number): Content {
  const input = new VarintReader();
  input.at = start;
  const number = () => {
    const value = input.long(bytes);
    if (input.at > end) throw new Error('the message ends early');
    return value;
  };
  const sized = () => {
    const length = number();
    if (length < 0) return null;
    if (length > end - input.at) throw new Error('the message ends early');
    input.at += length;
    return bytes.subarray(input.at - length, input.at);
  };
  const key = sized();
  const value = sized();
  const headers: [string, Buffer][] = [];
  for (let left = number(); left > 0; left -= 1) headers.push([String(sized() ?? ''), sized() ?? Buffer.alloc(0)]);
  if (input.at !== end) throw new Error('bytes follow the message');
  return { key, value, headers };
}
