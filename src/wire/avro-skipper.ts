import { type AvroType, Incompatible, isArray, isEnum, isFixed, isMap, isRecord, isUnion } from './avro-type.ts';
import { type Cursor, readBlock, readBoolean, readLong, skip, skipLong, skipText, Unreadable } from './cursor.ts';

const MAX_DEPTH = 500;

export type Skip = (c: Cursor) => void;

/** Compiles a function that moves over a value. `compiled` holds the skippers of records, which may be recursive. */
export function compileSkipper(type: AvroType, compiled = new Map<AvroType, Skip>()): Skip {
  if (isUnion(type)) {
    return skipUnion(type.types.map((branch) => compileSkipper(branch, compiled)));
  }
  if (isRecord(type)) return skipRecord(type.fields, type, compiled);
  if (isMap(type)) return skipBlocks(skipPair(compileSkipper(type.valuesType, compiled)));
  if (isArray(type)) return skipBlocks(compileSkipper(type.itemsType, compiled));
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

function skipUnion(branches: readonly Skip[]): Skip {
  const [first, second] = branches;
  if (first === undefined || second === undefined) return (c) => branchOf(branches, c)(c);
  return (c) => {
    const index = c.pos < c.end ? c.buf[c.pos] : -1;
    if (index === 0 || index === 2) {
      c.pos++;
      if (index === 0) first(c);
      else second(c);
    } else branchOf(branches, c)(c);
  };
}

function skipRecord(
  fields: readonly { readonly type: AvroType }[],
  type: AvroType,
  compiled: Map<AvroType, Skip>,
): Skip {
  const known = compiled.get(type);
  if (known !== undefined) return known;
  const skips: Skip[] = [];
  const skipAll: Skip = (c) => {
    // A recursive schema lets a record nest as deep as it is long.
    if (c.depth === MAX_DEPTH) throw new Unreadable(`records are nested more than ${MAX_DEPTH} deep`);
    c.depth++;
    for (const each of skips) each(c);
    c.depth--;
  };
  compiled.set(type, skipAll);
  for (const field of fields) skips.push(compileSkipper(field.type, compiled));
  const nulls = nullsOf(fields);
  if (nulls === null) return skipAll;
  return (c) => {
    if (!skipTexts(c, nulls)) skipAll(c);
  };
}

/** The bytes that stand for null in fields that are all texts, or null or a text; -1 where there is none. */
function nullsOf(fields: readonly { readonly type: AvroType }[]): readonly number[] | null {
  const nulls: number[] = [];
  for (const { type } of fields) {
    if (isText(type)) nulls.push(-1);
    else if (isUnion(type) && type.types.length === 2) {
      const nullByte = type.types.findIndex((branch) => branch.typeName === 'null');
      if (nullByte < 0 || !isText(type.types[1 - nullByte]!)) return null;
      nulls.push(nullByte * 2);
    } else return null;
  }
  return nulls;
}

function isText(type: AvroType): boolean {
  return type.typeName === 'string' || type.typeName === 'bytes';
}

/** Moves over the most common kind of record in one go. @returns false, not having moved, where it cannot. */
function skipTexts(c: Cursor, nulls: readonly number[]): boolean {
  const { buf, end } = c;
  let { pos } = c;
  if (c.depth === MAX_DEPTH) return false;
  for (let i = 0; i < nulls.length; i++) {
    const nullByte = nulls[i]!;
    if (pos >= end) return false;
    if (nullByte >= 0) {
      const index = buf[pos++]!;
      if (index === nullByte) continue;
      if (index !== 2 - nullByte || pos >= end) return false;
    }
    let length = buf[pos++]!;
    if (length >= 0x80) {
      if (pos >= end || buf[pos]! >= 0x80) return false;
      length = (length & 0x7f) | (buf[pos++]! << 7);
    }
    if ((length & 1) === 1) return false;
    pos += length >>> 1;
  }
  if (pos > end) return false;
  c.pos = pos;
  return true;
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
