import type { Read } from './avro-reader.ts';
import { branchOf, compileSkipper } from './avro-skipper.ts';
import { type AvroType, isMap, isUnion } from './avro-type.ts';
import {
  type Cursor,
  readBlock,
  readBoolean,
  readDouble,
  readFloat,
  readLong,
  readMarkedText,
  skipText,
} from './cursor.ts';

type Check = (c: Cursor) => number;

/**
 * Moves over properties that are not kept, and refuses what would be refused if they were: whether an event is accepted
 * must not depend on that setting. Reads null, or one pair whose number is not finite.
 */
export function compileCheck(writer: AvroType): Read {
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
