/**
 * Record batches of format 2, read where they lie. KafkaJS makes a dozen objects of each record, and strings of its
 * numbers: 1.9 µs a record of 258 bytes for all that fetching takes.
 */
import { VarintReader } from '../bytes/varint.ts';
import type { RawRecord } from '../ports/record.ts';
import { FetchedRecord } from '../ports/record.ts';
import { EMPTY, int64, LATEST_TIME, NO_HEADERS } from './records.ts';

// Where the fields of a batch lie. Length and magic lie there in the formats before, too.
export const LENGTH = 8;
export const FRAME = 12;
/** Where the epoch of the leader lies under which a batch of format 2 was appended. */
export const LEADER_EPOCH = 12;
export const MAGIC = 16;
const ATTRIBUTES = 21;
const LAST_DELTA = 23;
const FIRST_TIMESTAMP = 27;
const MAX_TIMESTAMP = 35;
const PRODUCER = 43;
const COUNT = 57;
export const RECORDS = 61;

export const CODEC = 0x07;
export const APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** A batch: offsets and times of its first and last record, ms since the epoch. */
export interface BatchFrame {
  readonly first: number;
  readonly last: number;
  readonly attributes: number;
  readonly timestamp: number;
  readonly producerId: number;
  readonly count: number;
  /** `timestamp` as it was written, where it is beyond what a number holds exactly. */
  readonly exactTimestamp: bigint | null;
}

export function readFrame(bytes: Buffer, at: number): BatchFrame {
  const first = int64(bytes, at);
  const attributes = bytes.readInt16BE(at + ATTRIBUTES);
  const stamp = at + ((attributes & APPEND_TIME) === 0 ? FIRST_TIMESTAMP : MAX_TIMESTAMP);
  const timestamp = int64(bytes, stamp);
  return {
    first,
    last: first + bytes.readInt32BE(at + LAST_DELTA),
    attributes,
    timestamp,
    producerId: int64(bytes, at + PRODUCER),
    count: bytes.readInt32BE(at + COUNT),
    exactTimestamp: Number.isSafeInteger(timestamp) ? null : bytes.readBigInt64BE(stamp),
  };
}

export const isControl = ({ attributes }: BatchFrame): boolean => (attributes & CONTROL) !== 0;
export const isTransactional = ({ attributes }: BatchFrame): boolean => (attributes & TRANSACTIONAL) !== 0;

/** One for all batches: they are read one at a time. */
const input = new VarintReader();

/**
 * Adds the batch's records at or past `from` to `records`.
 *
 * @param bytes hold the records from `start` to `end`, plain. They are not copied.
 * @throws Error where they are not records.
 */
export function readRecords(
  frame: BatchFrame,
  bytes: Buffer,
  start: number,
  end: number,
  from: number,
  records: RawRecord[],
): RawRecord[] {
  const { first, timestamp, count, attributes, exactTimestamp } = frame;
  const appendTime = (attributes & APPEND_TIME) !== 0;
  input.at = start;
  for (let left = count; left > 0; left -= 1) {
    const next = input.long(bytes) + input.at;
    // Attributes of a record mean nothing yet.
    input.at += 1;
    const stampAt = input.at;
    const delta = input.long(bytes);
    const offset = first + input.long(bytes);
    const keyLength = input.long(bytes);
    const keyAt = keyLength < 0 ? -1 : input.at;
    if (keyLength > 0) input.at += keyLength;
    const keyEnd = input.at;
    const valueLength = input.long(bytes);
    const valueAt = valueLength < 0 ? -1 : input.at;
    if (valueLength > 0) input.at += valueLength;
    const valueEnd = input.at;
    const headers = input.long(bytes);
    if (!(input.at <= next && next <= end)) throw damaged(frame);
    if (offset >= from) {
      let stamp = appendTime ? timestamp : timestamp + delta;
      if (exactTimestamp !== null)
        stamp = appendTime ? Number(exactTimestamp) : Number(exactTimestamp + bigVarint(bytes, stampAt));
      records.push(
        new FetchedRecord(
          offset,
          Math.min(Math.max(stamp, 0), LATEST_TIME),
          bytes,
          keyAt,
          keyEnd,
          valueAt,
          valueEnd,
          headers > 0 ? readHeaders(frame, bytes, headers, next) : NO_HEADERS,
          appendTime,
        ),
      );
    }
    input.at = next;
  }
  return records;
}

function readHeaders(frame: BatchFrame, bytes: Buffer, count: number, end: number): RawRecord['headers'] {
  const headers: (readonly [string, Buffer])[] = [];
  for (let left = count; left > 0; left -= 1) {
    const nameLength = input.long(bytes);
    const name = bytes.toString('utf8', input.at, input.at + nameLength);
    input.at += Math.max(0, nameLength);
    const valueLength = input.long(bytes);
    headers.push([name, valueLength < 0 ? EMPTY : bytes.subarray(input.at, input.at + valueLength)]);
    input.at += Math.max(0, valueLength);
    if (input.at > end) throw damaged(frame);
  }
  return headers;
}

/** A long exactly, whatever its length. */
function bigVarint(bytes: Buffer, start: number): bigint {
  let value = 0n;
  for (let i = start, shift = 0n; ; i += 1, shift += 7n) {
    const byte = bytes[i]!;
    value |= BigInt(byte & 0x7f) << shift;
    if (!(byte >= 0x80)) break;
  }
  value = BigInt.asUintN(64, value);
  return (value >> 1n) ^ -(value & 1n);
}

function damaged({ first }: BatchFrame): Error {
  return new Error(`the record batch at offset ${first} is damaged: its records do not fit into it`);
}
