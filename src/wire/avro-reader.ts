import type avsc from 'avsc';
import { branchOf, compileSkipper } from './avro-skipper.ts';
import { type AvroType, Incompatible, isEnum, isMap, isRecord, isUnion, logicalTypeOf } from './avro-type.ts';
import {
  type Cursor,
  readBlock,
  readBoolean,
  readDouble,
  readFloat,
  readLong,
  readText,
  Unreadable,
} from './cursor.ts';

/**
 * Compiles, once per writer schema, the reader of its bytes as our record (schema resolution of the Avro specification).
 *
 * Which schemas resolve is the library's judgement. The bytes are read here, because the library's own reader turns
 * invalid UTF-8 into U+FFFD without a word, loses the map key `__proto__`, and does not end for a map that claims 2^50
 * entries.
 */
export type Read = (c: Cursor) => unknown;

/** Another way to read a field than by the reader's type. */
export interface FieldOverride {
  /** Reads its text. */
  readonly text?: (c: Cursor) => string;
  /** Compiles its reader from the writer's type. */
  readonly compile?: (writer: AvroType) => Read;
}

export type FieldOverrides = { readonly [field: string]: FieldOverride };

/** Maps are read as pairs; records as objects with all of the reader's fields. @throws Incompatible with the reason. */
export function compileReader(reader: AvroType, writer: AvroType, overrides: FieldOverrides = {}): Read {
  try {
    reader.createResolver(writer, { ignoreNamespaces: true });
  } catch (error) {
    throw new Incompatible(`its schema cannot be read as ${reader.name}: ${(error as Error).message}`);
  }
  return compile(reader, writer, '', readText, overrides);
}

/** The same for one field of the record, whose schemas `compileReader` accepted. */
export function compileField(reader: AvroType, writer: AvroType, path: string, override?: FieldOverride): Read {
  const read = compile(reader, writer, path, override?.text ?? readText);
  return override?.compile?.(writer) ?? read;
}

function compile(
  reader: AvroType,
  writer: AvroType,
  path: string,
  text: (c: Cursor) => string,
  overrides: FieldOverrides = {},
): Read {
  if (isUnion(writer)) {
    return readUnion(writer.types.map((branch) => compile(reader, branch, path, text, overrides)));
  }
  if (isUnion(reader)) {
    const branch = reader.types.find((each) => resolves(each, writer));
    if (branch === undefined) throw new Incompatible(`${path} is ${writer.typeName}`);
    return compile(branch, writer, path, text, overrides);
  }
  checkLogicalType(reader, writer, path);
  if (isRecord(reader) && isRecord(writer)) return readRecord(reader, writer, path, overrides);
  if (isMap(reader) && isMap(writer)) {
    return readMap(compile(reader.valuesType, writer.valuesType, `${path}.*`, text));
  }
  if (isEnum(reader) && isEnum(writer)) return readEnum(writer.symbols);
  switch (reader.typeName) {
    case 'null':
      return () => null;
    case 'boolean':
      return readBoolean;
    case 'string':
      return text;
    case 'int':
    case 'long':
    case 'double':
      return writer.typeName === 'double' ? readDouble : writer.typeName === 'float' ? readFloat : readLong;
    default:
      throw new Incompatible(`${path} is ${writer.typeName}`);
  }
}

function resolves(reader: AvroType, writer: AvroType): boolean {
  try {
    reader.createResolver(writer, { ignoreNamespaces: true });
    return true;
  } catch {
    return false;
  }
}

/** Microseconds read as milliseconds would be dated 50,000 years ahead, and a decimal's bytes are no text. */
function checkLogicalType(reader: AvroType, writer: AvroType, path: string): void {
  const wanted = logicalTypeOf(reader);
  const written = logicalTypeOf(writer);
  if (written === undefined || written === wanted) return;
  if (wanted !== undefined || written === 'decimal') {
    const instead = wanted === undefined ? 'a number or text' : `logical type ${wanted}`;
    throw new Incompatible(`${path} has logical type ${written}; write it as ${instead}`);
  }
}

function readUnion(branches: readonly Read[]): Read {
  const [first, second] = branches;
  if (first === undefined || second === undefined || branches.length > 2) return (c) => branchOf(branches, c)(c);
  return (c) => {
    const index = c.pos < c.end ? c.buf[c.pos] : -1;
    if (index === 0) {
      c.pos++;
      return first(c);
    }
    if (index === 2) {
      c.pos++;
      return second(c);
    }
    return branchOf(branches, c)(c);
  };
}

function readEnum(symbols: readonly string[]): Read {
  return (c) => {
    const symbol = symbols[readLong(c)];
    if (symbol === undefined) throw new Unreadable('the index of an enum is out of range');
    return symbol;
  };
}

const NO_ENTRIES: readonly never[] = Object.freeze([]);

function readMap(value: Read): Read {
  return (c) => {
    let left = readBlock(c);
    if (left === 0) return NO_ENTRIES;
    const pairs: [string, unknown][] = [];
    for (; left > 0; left = readBlock(c)) {
      for (; left > 0; left--) pairs.push([readText(c), value(c)]);
    }
    return pairs;
  };
}

function readRecord(
  reader: avsc.types.RecordType,
  writer: avsc.types.RecordType,
  path: string,
  overrides: FieldOverrides,
): Read {
  // A field that the writer lacks keeps its default; all others are overwritten each time.
  const slots: unknown[] = reader.fields.map((field) => {
    const value: unknown = field.defaultValue();
    return isMap(field.type) ? NO_ENTRIES : value;
  });
  const steps = writer.fields.map((field) => {
    const slot = reader.fields.findIndex((each) => each.name === field.name);
    const target = reader.fields[slot];
    if (target === undefined) return { slot, read: compileSkipper(field.type) as Read };
    const where = path === '' ? field.name : `${path}.${field.name}`;
    return { slot, read: compileField(target.type, field.type, where, overrides[field.name]) };
  });
  const build = builder(reader.fields.map((field) => field.name));
  return (c) => {
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i]!;
      const value = step.read(c);
      if (step.slot >= 0) slots[step.slot] = value;
    }
    return build(slots);
  };
}

/** Compiles code, so that all objects of a record have one shape. Avro's names hold letters, digits and `_` only. */
function builder(names: readonly string[]): (values: readonly unknown[]) => object {
  const fields = names.map((name, i) => `${JSON.stringify(name)}: v[${i}]`);
  return new Function('v', `return { ${fields.join(', ')} };`) as (values: readonly unknown[]) => object;
}
