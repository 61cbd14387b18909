import { type AvroType, Incompatible, isArray, isEnum, isFixed, isMap, isRecord, isUnion } from './avro-type.ts';
import { type Cursor, readBlock, readBoolean, readLong, skip, skipLong, skipText, Unreadable } from './cursor.ts';

const MAX_DEPTH = 500;

export type Skip = (c: Cursor) => void;

/** Compiles what moves over a value that is not read. `made` holds the skippers of records, which may be recursive. */
export function compileSkipper(type: AvroType, made = new Map<AvroType, Skip>()): Skip {
  if (isUnion(type)) {
    const branches = type.types.map((branch) => compileSkipper(branch, made));
    return (c) => branchOf(branches, c)(c);
  }
  if (isRecord(type)) return skipRecord(type.fields, type, made);
  if (isMap(type)) return skipBlocks(skipPair(compileSkipper(type.valuesType, made)));
  if (isArray(type)) return skipBlocks(compileSkipper(type.itemsType, made));
  if (isFixed(type)) return (c) => skip(c, type.size);
  if (isEnum(type)) return skipLong;
  switch (type.typeName) {
    case 'null':
      return () => {};
    case 'boolean':
      return readBoolean;
    case 'int':
    case 'long':
      return skipLong;
    case 'float':
      return (c) => skip(c, 4);
    case 'double':
      return (c) => skip(c, 8);
    case 'bytes':
    case 'string':
      return skipText;
    default:
      throw new Incompatible(`its schema holds a type that is not known: ${type.typeName}`);
  }
}

/** The branch of a union whose index comes next. */
export function branchOf<T>(branches: readonly T[], c: Cursor): T {
  const branch = branches[readLong(c)];
  if (branch === undefined) throw new Unreadable('the index of a union is out of range');
  return branch;
}

function skipRecord(fields: readonly { readonly type: AvroType }[], type: AvroType, made: Map<AvroType, Skip>): Skip {
  const known = made.get(type);
  if (known !== undefined) return known;
  const skips: Skip[] = [];
  const skipAll: Skip = (c) => {
    // A recursive schema lets a record nest as deep as it is long.
    if (c.depth === MAX_DEPTH) throw new Unreadable(`records are nested more than ${MAX_DEPTH} deep`);
    c.depth++;
    for (const each of skips) each(c);
    c.depth--;
  };
  made.set(type, skipAll);
  for (const field of fields) skips.push(compileSkipper(field.type, made));
  return skipAll;
}

function skipPair(value: Skip): Skip {
  return (c) => {
    skipText(c);
    value(c);
  };
}

function skipBlocks(item: Skip): Skip {
  return (c) => {
    for (let left = readBlock(c); left > 0; left = readBlock(c)) {
      for (; left > 0; left--) {
        const before = c.pos;
        item(c);
        // Items without bytes, such as nulls, are all the same: a count of 2^50 of them is no work.
        if (c.pos === before) break;
      }
    }
  };
}
