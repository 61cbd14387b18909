import { type AvroType, isEnum, isMap, isRecord, isUnion } from './avro-type.ts';
import type { Sink } from './sink.ts';

/**
 * Writes Avro by a schema, from plain objects with the schema's field names, maps as pairs. The library's own writer
 * takes maps as objects, and JavaScript puts keys that look like integers first: their order would not be ours.
 */
export type Write = (sink: Sink, value: unknown) => void;

/** For the types that our output has: records, maps, enums, unions of null and one more, string, int, long, boolean. */
export function compileWriter(type: AvroType): Write {
  if (isRecord(type)) {
    const fields = type.fields.map((field) => ({ name: field.name, write: compileWriter(field.type) }));
    return (sink, value) => {
      for (const { name, write } of fields) write(sink, (value as { [key: string]: unknown })[name]);
    };
  }
  if (isMap(type)) {
    const write = compileWriter(type.valuesType);
    return (sink, value) => {
      const pairs = value as readonly (readonly [string, unknown])[];
      if (pairs.length > 0) sink.long(pairs.length);
      for (const [key, each] of pairs) {
        sink.text(key);
        write(sink, each);
      }
      sink.long(0);
    };
  }
  if (isUnion(type)) return writeNullable(type.types);
  if (isEnum(type)) {
    const { symbols } = type;
    return (sink, value) => {
      const index = symbols.indexOf(value as string);
      if (index < 0) throw new RangeError(`${value} is none of ${symbols.join(', ')}`);
      sink.long(index);
    };
  }
  switch (type.typeName) {
    case 'string':
      return (sink, value) => sink.text(value as string);
    case 'int':
    case 'long':
      return (sink, value) => sink.long(value as number);
    case 'boolean':
      return (sink, value) => sink.byte(value === true ? 1 : 0);
    default:
      throw new TypeError(`no writer for Avro type ${type.typeName}`);
  }
}

function writeNullable(types: readonly AvroType[]): Write {
  const [none, some] = types;
  if (types.length !== 2 || none?.typeName !== 'null' || some === undefined) {
    throw new TypeError('no writer for unions other than of null and one type');
  }
  const write = compileWriter(some);
  return (sink, value) => {
    sink.long(value === null ? 0 : 1);
    if (value !== null) write(sink, value);
  };
}
