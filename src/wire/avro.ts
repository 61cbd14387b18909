import { prefetched } from '../core/memory/prefetch.ts';
import type { ReadRecord } from '../core/memory/read-event.ts';
import type { Entry, TrackEvent } from '../core/rules/event.ts';
import type { RawRecord } from '../ports/record.ts';
import { FetchedRecord } from '../ports/record.ts';
import { compileCheck } from './avro-check.ts';
import { compilePlan, type ReadPlan } from './avro-plan.ts';
import { compileReader, type FieldOverrides, type Read } from './avro-reader.ts';
import { Incompatible, parseSchema } from './avro-type.ts';
import { Cursor, readMarkedText, Unreadable } from './cursor.ts';
import type { DecodedEvent } from './decoded.ts';
import { EventReader } from './event-reader.ts';
import { arrivalTimesOf } from './headers.ts';
import { undecodable } from './refusal.ts';
import { TRACK_EVENT_SCHEMA } from './schemas.ts';
import { type EventOptions, toEvent } from './track-event.ts';

const MAGIC = 0;
const HEADER = 5;
/** Records whose sessions are prefetched at once: what is cached of them fits into the first cache. */
const PREFETCH_BATCH = 64;
const NO_VALUE = 'the record has no value';
const NO_FORMAT = 'the value is not in the Confluent wire format (byte 0, schema id, Avro)';

/** Kept in place of a schema for an id that the registry does not know. It is no Avro schema. */
export const UNKNOWN_SCHEMA = 'null';

/** @returns the schema id that a value in the Confluent wire format names; null where it is in no such format. */
export function schemaIdOf(value: Buffer | null): number | null {
  return value === null ? null : schemaIdIn(value, 0, value.length);
}

/** The same for a record, whose value is not cut out for it. */
export function schemaIdOfRecord(record: RawRecord): number | null {
  if (!(record instanceof FetchedRecord)) return schemaIdOf(record.value);
  return record.valueAt < 0 ? null : schemaIdIn(record.bytes, record.valueAt, record.valueEnd);
}

function schemaIdIn(bytes: Buffer, at: number, end: number): number | null {
  if (end - at < HEADER || bytes[at] !== MAGIC) return null;
  const id = (bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
  // No registry gives out a negative id, and some answer the question for one as if they were not there.
  return id < 0 ? null : id;
}

const READER = parseSchema(TRACK_EVENT_SCHEMA, true);

/** The readers of one writer schema's records. */
interface Writer {
  /** Reads anything, whole. */
  readonly read: Read;
  /** See `EventReader`; null where it cannot read records of this schema. */
  readonly plan: ReadPlan | null;
}

/**
 * Decodes TrackEvent in the Confluent wire format. Writer schemas are given to it, by id, before the records that name
 * them; decoding itself never asks the registry.
 */
export class AvroDecoder {
  readonly #writers = new Map<number, Writer | string>();
  readonly #cursor = new Cursor();
  /** Slots of the sessions that are prefetched. */
  readonly #slots = new Int32Array(PREFETCH_BATCH);
  readonly #options: EventOptions;
  readonly #overrides: FieldOverrides;
  readonly #events: EventReader;
  /** The writer schema used last. */
  #id = -1;
  #writer: Writer | string = '';

  constructor(options: EventOptions) {
    this.#options = options;
    this.#events = new EventReader(options);
    this.#overrides = {
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
    return this.#writers.has(id);
  }

  /**
   * Makes records of a schema id decodable; where their schema cannot be read as ours, `undecodable` with the reason.
   * @param schema Avro schema as JSON text, or `UNKNOWN_SCHEMA`.
   */
  addWriter(id: number, schema: string): void {
    this.#id = -1;
    this.#writers.set(id, this.#writerOf(id, schema));
  }

  /** Removes the writer schema of this id. */
  forget(id: number): void {
    this.#id = -1;
    this.#writers.delete(id);
  }

  #writerOf(id: number, schema: string): Writer | string {
    if (schema === UNKNOWN_SCHEMA) return `schema id ${id} is not in the schema registry`;
    try {
      const writer = parseSchema(schema, false);
      const read = compileReader(READER, writer, this.#overrides);
      return { read, plan: compilePlan(READER, writer, this.#overrides) };
    } catch (error) {
      if (error instanceof Incompatible) return `schema id ${id}: ${error.message}`;
      throw error;
    }
  }

  /**
   * Prefetches what is cached of the sessions of the records from `from` on, before the first of them is decoded. Most
   * keys are session ids.
   * @returns the index of the first record that it did not look at.
   */
  prefetch(records: readonly RawRecord[], from: number): number {
    const cursor = this.#cursor;
    const slots = this.#slots;
    const { ids } = this.#events;
    const to = Math.min(from + PREFETCH_BATCH, records.length);
    let count = 0;
    for (let i = from; i < to; i++) {
      const record = records[i]!;
      if (!(record instanceof FetchedRecord)) continue;
      const { bytes, keyAt, keyEnd } = record;
      if (keyAt < 0 || keyEnd - keyAt > ids.sessions.longest) continue;
      cursor.open(bytes, keyAt, keyEnd);
      slots[count++] = ids.sessions.slotFor(cursor, keyAt, keyEnd - keyAt);
    }
    prefetched(ids.prefetch(slots, count));
    return to;
  }

  /** @throws Error where the writer schema was not added: the caller's mistake, not the record's. */
  decode(record: RawRecord): ReadRecord<RawRecord> {
    const { offset, timestamp, stamped } = record;
    const id = schemaIdOfRecord(record);
    const writer = id === null ? null : this.#find(id);
    if (writer === null || typeof writer === 'string') {
      const refusal = undecodable(writer ?? (record.value === null ? NO_VALUE : NO_FORMAT));
      return { offset, timestamp, stamped, entries: [refusal], raw: record, misplaced: undefined };
    }
    const event = writer.plan === null ? null : this.#event(record, writer.plan);
    if (event === null) {
      return {
        offset,
        timestamp,
        stamped,
        entries: [this.#entry(record, id!, writer.read)],
        raw: record,
        misplaced: undefined,
      };
    }
    const misplaced = this.#isMisplaced(record, event.sessionId);
    return { offset, timestamp, stamped, entries: [event], raw: record, misplaced };
  }

  #find(id: number): Writer | string {
    if (id === this.#id) return this.#writer;
    const writer = this.#writers.get(id);
    if (writer === undefined) throw new Error(`writer schema ${id} was not added before a record that names it`);
    this.#id = id;
    this.#writer = writer;
    return writer;
  }

  #open(record: RawRecord): Cursor {
    const cursor = this.#cursor;
    if (record instanceof FetchedRecord) {
      cursor.open(record.bytes, record.valueAt + HEADER, record.valueEnd);
    } else {
      const value = record.value!;
      cursor.open(value, HEADER, value.length);
    }
    return cursor;
  }

  #event(record: RawRecord, plan: ReadPlan): TrackEvent | null {
    return this.#events.read(this.#open(record), plan, record);
  }

  /** Reads the record whole, whatever it holds. */
  #entry(record: RawRecord, id: number, read: Read): Entry {
    const cursor = this.#open(record);
    let decoded: DecodedEvent;
    try {
      decoded = read(cursor) as DecodedEvent;
    } catch (error) {
      if (error instanceof Unreadable) return undecodable(`schema id ${id}: ${error.message}`);
      throw error;
    }
    const left = cursor.end - cursor.pos;
    if (left > 0) return undecodable(`schema id ${id}: ${left} bytes follow the last field`);
    return toEvent(decoded, arrivalTimesOf(record), this.#options);
  }

  /** Compares the bytes of the key and of the session id just read. */
  #isMisplaced(record: RawRecord, sessionId: string): boolean | undefined {
    const { sessionAt, sessionEnd } = this.#events.ids;
    if (sessionAt < 0) return undefined;
    const { buf, view, base } = this.#cursor;
    const length = sessionEnd - sessionAt;
    let same: boolean;
    if (record instanceof FetchedRecord) {
      const { keyAt, keyEnd } = record;
      if (keyAt < 0) return true;
      same = keyEnd - keyAt === length && areSame(view, base + keyAt, base + sessionAt, length);
    } else {
      const { key } = record;
      if (key === null) return true;
      same = key.length === length && key.compare(buf, sessionAt, sessionEnd) === 0;
    }
    if (same) return false;
    // Texts that are not ASCII may be equal though their bytes differ.
    return sessionId.length === length ? true : undefined;
  }
}

function areSame(view: DataView, a: number, b: number, length: number): boolean {
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
  }
  for (; i < length; i++) {
    if (view.getUint8(a + i) !== view.getUint8(b + i)) return false;
  }
  return true;
}
