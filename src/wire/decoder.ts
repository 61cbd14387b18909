import type { ReadRecord } from '../core/memory/read-event.ts';
import type { Entry, Refusal } from '../core/rules/event.ts';
import type { RawRecord } from '../ports/record.ts';
import { AvroDecoder, schemaIdOfRecord } from './avro.ts';
import type { DecodedEvent } from './decoded.ts';
import { arrivalTimesOf } from './headers.ts';
import { decodeJsonEvent, parseJson } from './json.ts';
import { decodeTracardi } from './tracardi.ts';
import { type EventOptions, toEvent } from './track-event.ts';

/** `input.format`. */
export type InputFormat = 'avro' | 'json' | 'tracardi';

/** Turns the records of one partition into what the fold reads. What a record says alone decides what comes out. */
export interface Decoder {
  /** Schema ids that these records name and that were not added yet, each once, in order of appearance. */
  missing(records: readonly RawRecord[]): number[];
  /** See `AvroDecoder.addWriter`. Without effect where the format has no schemas. */
  addWriter(id: number, schema: string): void;
  /**
   * Whatever the record holds: at least one entry, a refusal where it cannot be read or breaks a bound.
   * @throws Error where `missing` would name a schema id of the record: the caller's mistake.
   */
  decode(record: RawRecord): ReadRecord<RawRecord>;
}

export interface DecoderSource {
  readonly topic: string;
  readonly partition: number;
}

/** @param avro to share writer schemas between partitions; made anew where it is left out. */
export function createDecoder(
  format: InputFormat,
  source: DecoderSource,
  options: EventOptions,
  avro = new AvroDecoder(options),
): Decoder {
  if (format === 'avro') {
    return {
      missing: (records) => missing(avro, records),
      addWriter: (id, schema) => avro.addWriter(id, schema),
      decode: (record) => avro.decode(record),
    };
  }
  const decode = (record: RawRecord): (DecodedEvent | Refusal)[] => {
    const parsed = parseJson(record.value);
    if ('refused' in parsed) return [parsed];
    if (format === 'json') return [decodeJsonEvent(parsed.json)];
    return decodeTracardi(parsed.json, { ...source, offset: record.offset, timestamp: record.timestamp });
  };
  return {
    missing: () => [],
    addWriter: () => {},
    decode: (record) => {
      const at = arrivalTimesOf(record);
      const entries = decode(record).map((each): Entry => ('refused' in each ? each : toEvent(each, at, options)));
      return { offset: record.offset, timestamp: record.timestamp, stamped: record.stamped, entries, raw: record };
    },
  };
}

function missing(avro: AvroDecoder, records: readonly RawRecord[]): number[] {
  const ids: number[] = [];
  let last = -1;
  for (const record of records) {
    const id = schemaIdOfRecord(record);
    if (id === null || id === last) continue;
    last = id;
    if (!avro.known(id) && !ids.includes(id)) ids.push(id);
  }
  return ids;
}
