import type { KafkaMessage } from 'kafkajs';
import type { RawRecord } from '../processor/ports.ts';

type Headers = RawRecord['headers'];

/**
 * Latest time that a visit id, and Postgres, can hold, in ms: the year 10889. A producer may stamp its records with
 * anything where the broker does not; those without a stamp (-1) count as of 1970.
 */
const LATEST = 2 ** 48 - 1;
const NO_HEADERS: Headers = [];
const EMPTY = Buffer.alloc(0);

/**
 * A record as KafkaJS gives it. Key, value and headers are slices of the answer that brought them, not copies: they
 * stay valid for as long as they are kept, but keep that whole answer (up to `FETCH_BYTES` of member.ts) in memory.
 */
export function rawRecord(message: KafkaMessage): RawRecord {
  return {
    offset: Number(message.offset),
    timestamp: Math.min(Math.max(Number(message.timestamp), 0), LATEST),
    key: message.key,
    value: message.value,
    headers: headerList(message.headers),
  };
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

/** The same for a record to send. */
export function headerObject(headers: Headers): Record<string, Buffer | Buffer[]> {
  const object: Record<string, Buffer | Buffer[]> = Object.create(null);
  for (const [name, value] of headers) {
    const before = object[name];
    if (before === undefined) object[name] = value;
    else if (Array.isArray(before)) before.push(value);
    else object[name] = [before, value];
  }
  return object;
}

function bytes(value: unknown): Buffer {
  return Buffer.isBuffer(value) ? value : EMPTY;
}
