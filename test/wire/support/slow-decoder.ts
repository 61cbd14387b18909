import type { Entry } from '../../../src/core/rules/event.ts';
import { compileCheck } from '../../../src/wire/avro-check.ts';
import { compileReader, type FieldOverrides } from '../../../src/wire/avro-reader.ts';
import { Incompatible, parseSchema } from '../../../src/wire/avro-type.ts';
import { Cursor, readMarkedText, Unreadable } from '../../../src/wire/cursor.ts';
import type { DecodedEvent } from '../../../src/wire/decoded.ts';
import { arrivalTimesOf } from '../../../src/wire/headers.ts';
import { undecodable } from '../../../src/wire/refusal.ts';
import { TRACK_EVENT_SCHEMA } from '../../../src/wire/schemas.ts';
import { toEvent } from '../../../src/wire/track-event.ts';

const OURS = parseSchema(TRACK_EVENT_SCHEMA, true);

/** Decodes a schema's records the slow way: each is read whole, and nothing is remembered. */
export function slowDecoder(
  schema: string,
  id: number,
  keepProperties: boolean,
): (value: Buffer, timestamp: number) => Entry {
  const text = { text: readMarkedText };
  const overrides: FieldOverrides = {
    ...{ event_id: text, session_id: text, profile_id: text, source_id: text, type: text },
    ...(keepProperties ? {} : { properties: { compile: compileCheck } }),
  };
  let read: ReturnType<typeof compileReader>;
  try {
    read = compileReader(OURS, parseSchema(schema, false), overrides);
  } catch (error) {
    if (error instanceof Incompatible) return () => undecodable(`schema id ${id}: ${error.message}`);
    throw error;
  }
  return (value, timestamp) => {
    const cursor = new Cursor();
    cursor.open(value, 5, value.length);
    try {
      const decoded = read(cursor) as DecodedEvent;
      const left = value.length - cursor.pos;
      if (left > 0) return undecodable(`schema id ${id}: ${left} bytes follow the last field`);
      const record = { offset: 0, timestamp, key: null, value, headers: [] };
      return toEvent(decoded, arrivalTimesOf(record), { keepProperties });
    } catch (error) {
      if (error instanceof Unreadable) return undecodable(`schema id ${id}: ${error.message}`);
      throw error;
    }
  };
}
