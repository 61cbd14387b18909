import type { KafkaMessage } from 'kafkajs';
import type { RawRecord } from '../ports/record.ts';

type Headers = RawRecord['headers'];

/**
 * Latest time that a visit id, and Postgres, can hold, in ms: the year 10889. A producer may stamp its records with
 * anything where the broker does not; those without a stamp (-1) count as of 1970.
 */
export const LATEST_TIME = 2 ** 48 - 1;
/** Shared by all records that have none. */
export const NO_HEADERS: Headers = Object.freeze([]);
export const EMPTY = Buffer.alloc(0);

/**
 * A record of a format before the second, as KafkaJS reads it: those have no headers. Nothing of it is copied.
 * @param stamp of the broker, ms; null: it made none.
 */
export function rawRecord({ offset, timestamp, key, value }: KafkaMessage, stamp: number | null): RawRecord {
  // The first format has no timestamps, although the type has one.
  const written = stamp ?? Number(timestamp ?? -1);
  return {
    offset: Number(offset),
    timestamp: Math.min(Math.max(written, 0), LATEST_TIME),
    stamped: stamp !== null,
    key,
    value,
    headers: NO_HEADERS,
  };
}

/** Reads a signed 64-bit integer; exact up to 2^53, and offsets stay far below. */
export function int64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/**
 * KafkaJS keeps headers as an object: those of one name come together, in their order; names that look like numbers
 * come first; and a header without a value is one with an empty value here.
 */
export function headerList(headers: KafkaMessage['headers']): Headers {
  if (headers === undefined) return NO_HEADERS;
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  return names.flatMap((name) => {
    const given: unknown = headers[name];
    // For a name like `toString` KafkaJS finds what every object inherits and takes it for a first value.
    const values = Array.isArray(given) ? given.filter((value) => value === null || Buffer.isBuffer(value)) : [given];
    return values.map((value): readonly [string, Buffer] => [name, bytes(value)]);
  });
}

function bytes(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : EMPTY;
}
