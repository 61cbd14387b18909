import type { Entry, LogRecord } from '../core/event.ts';
import type { RawRecord } from '../processor/ports.ts';
import { compileReader, type Read, type Specials } from './avro-reader.ts';
import { branchOf, compileSkipper } from './avro-skipper.ts';
import { type AvroType, Incompatible, isMap, isUnion, parseSchema } from './avro-type.ts';
import {
  Cursor,
  readBlock,
  readBoolean,
  readDouble,
  readFloat,
  readLong,
  readMarkedText,
  skipText,
  Unreadable,
} from './cursor.ts';
import type { DecodedEvent } from './decoded.ts';
import { arrivalOf } from './headers.ts';
import { undecodable } from './refusal.ts';
import { TRACK_EVENT_SCHEMA } from './schemas.ts';
import { type EventOptions, toEvent } from './track-event.ts';

const MAGIC = 0;
const HEADER = 5;

/** Kept in place of a schema for an id that the registry does not know. It is no Avro schema. */
export const UNKNOWN_SCHEMA = 'null';

/** @returns the schema id that a value in the Confluent wire format names; null where it is in no such format. */
export function schemaIdOf(value: Buffer | null): number | null {
  if (value === null || value.length < HEADER || value[0] !== MAGIC) return null;
  const id = value.readInt32BE(1);
  // No registry gives out a negative id, and some answer the question for one as if they were not there.
  return id < 0 ? null : id;
}

const READER = parseSchema(TRACK_EVENT_SCHEMA, true);

/**
 * Decodes TrackEvent in the Confluent wire format. Writer schemas are given to it, by id, before the records that name
 * them; decoding itself asks nobody.
 */
export class AvroDecoder {
  readonly #readers = new Map<number, Read | string>();
  readonly #cursor = new Cursor();
  readonly #options: EventOptions;
  readonly #specials: Specials;

  constructor(options: EventOptions) {
    this.#options = options;
    this.#specials = {
      event_id: { text: readMarkedText },
      session_id: { text: readMarkedText },
      profile_id: { text: readMarkedText },
      source_id: { text: readMarkedText },
      type: { text: readMarkedText },
      ...(options.keepProperties ? {} : { properties: { compile: compileCheck } }),
    };
  }

  /** Whether `addWriter` was called for this schema id. */
  known(id: number): boolean {
    return this.#readers.has(id);
  }

  /**
   * Makes records of a schema id decodable; where their schema cannot be read as ours, `undecodable` with the reason.
   * @param schema Avro schema as JSON text, or `UNKNOWN_SCHEMA`.
   */
  addWriter(id: number, schema: string): void {
    this.#readers.set(id, this.#readerOf(id, schema));
  }

  /** The id is not known any more. */
  forget(id: number): void {
    this.#readers.delete(id);
  }

  #readerOf(id: number, schema: string): Read | string {
    if (schema === UNKNOWN_SCHEMA) return `schema id ${id} is not in the schema registry`;
    try {
      return compileReader(READER, parseSchema(schema, false), this.#specials);
    } catch (error) {
      if (error instanceof Incompatible) return `schema id ${id}: ${error.message}`;
      throw error;
    }
  }

  /** @throws Error where the writer schema was not added: the caller's mistake, not the record's. */
  decode(record: RawRecord): LogRecord<RawRecord> {
    return {
      offset: record.offset,
      timestamp: record.timestamp,
      entries: [this.#entry(record)],
      raw: record,
    };
  }

  #entry(record: RawRecord): Entry {
    const { value } = record;
    const id = schemaIdOf(value);
    if (value === null) return undecodable('the record has no value');
    if (id === null) return undecodable('the value is not in the Confluent wire format (byte 0, schema id, Avro)');
    const read = this.#readers.get(id);
    if (read === undefined) throw new Error(`writer schema ${id} was not added before a record that names it`);
    if (typeof read === 'string') return undecodable(read);
    const cursor = this.#cursor;
    cursor.buf = value;
    cursor.pos = HEADER;
    cursor.depth = 0;
    let decoded: DecodedEvent;
    try {
      decoded = read(cursor) as DecodedEvent;
    } catch (error) {
      if (error instanceof Unreadable) return undecodable(`schema id ${id}: ${error.message}`);
      throw error;
    }
    if (cursor.pos < value.length) {
      return undecodable(`schema id ${id}: ${value.length - cursor.pos} bytes follow the last field`);
    }
    return toEvent(decoded, arrivalOf(record), this.#options);
  }
}

type Check = (c: Cursor) => number;

/**
 * Moves over properties that are not kept, and refuses what would be refused if they were: whether an event is taken
 * must not hang on that setting. Reads null, or one pair whose number is not finite.
 */
function compileCheck(writer: AvroType): Read {
  if (isUnion(writer)) {
    const branches = writer.types.map(compileCheck);
    return (c) => branchOf(branches, c)(c);
  }
  const value = isMap(writer) ? checkOf(writer.valuesType) : null;
  if (value === null) return compileSkipper(writer) as Read;
  return (c) => {
    let wrong: readonly (readonly [string, number])[] | null = null;
    for (let left = readBlock(c); left > 0; left = readBlock(c)) {
      for (; left > 0; left--) {
        const at = c.pos;
        skipText(c);
        const number = value(c);
        if (Number.isFinite(number)) continue;
        const next = c.pos;
        c.pos = at;
        wrong = [[readMarkedText(c), number]];
        c.pos = next;
      }
    }
    return wrong;
  };
}

function checkOf(type: AvroType): Check {
  if (isUnion(type)) {
    const branches = type.types.map(checkOf);
    return (c) => branchOf(branches, c)(c);
  }
  switch (type.typeName) {
    case 'float':
      return readFloat;
    case 'double':
      return readDouble;
    case 'int':
    case 'long':
      return readLong;
    case 'boolean':
      return (c) => Number(readBoolean(c));
    default: {
      const skip = compileSkipper(type);
      return (c) => {
        skip(c);
        return 0;
      };
    }
  }
}
