import { schemaIdOf } from './avro.ts';
import { compileReader } from './avro-reader.ts';
import { parseSchema } from './avro-type.ts';
import { Cursor, Unreadable } from './cursor.ts';
import { type ReadVisitEnded, visitEndedOf } from './read-visit-ended.gen.ts';
import { VISIT_ENDED_SCHEMA } from './schemas.ts';

export type { ReadVisitEnded } from './read-visit-ended.gen.ts';

const TYPE = parseSchema(VISIT_ENDED_SCHEMA, true);
const read = compileReader(TYPE, TYPE);

/** Reads what `VisitEndedWriter` wrote. @throws Unreadable where it is something else. */
export function decodeVisitEnded(value: Buffer): ReadVisitEnded {
  if (schemaIdOf(value) === null) throw new Unreadable('the value is not in the Confluent wire format');
  const cursor = new Cursor();
  cursor.open(value, 5, value.length);
  const fields = read(cursor) as { readonly [name: string]: never };
  if (cursor.pos !== value.length) throw new Unreadable(`${value.length - cursor.pos} bytes follow the last field`);
  return visitEndedOf(fields);
}
