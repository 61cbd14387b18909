import { ByteWriter } from './bytes.ts';

/** How Postgres stores an element of an array. `write` returns false where it cannot: a null stands there. */
export interface ElementType<T> {
  readonly oid: number;
  readonly write: (out: ByteWriter, value: T) => boolean;
}

export const UUID: ElementType<string> = { oid: 2950, write: (out, value) => out.uuid(value) };
export const TEXT: ElementType<string> = { oid: 25, write: (out, value) => out.utf8(value) >= 0 };
export const JSONB: ElementType<string> = {
  oid: 3802,
  write: (out, value) => {
    out.byte(JSONB_VERSION);
    return out.utf8(value) >= 0;
  },
};

/** An array as a binary parameter of a statement. */
export function arrayParameter<T>(type: ElementType<T>, values: readonly T[]): Buffer {
  const out = new ByteWriter(Buffer.allocUnsafe(32 + values.length * 20));
  const found = writeArray(out, type, values, (value) => value);
  if (found < values.length) throw new Error(`not all of ${values.join(', ')} can be an element of an array`);
  return out.bytes();
}

/** @returns how many elements are not null. */
export function writeArray<I, T>(
  out: ByteWriter,
  type: ElementType<T>,
  items: readonly I[],
  of: (item: I) => T | null,
): number {
  out.int32(items.length === 0 ? 0 : 1);
  const hasNull = out.position;
  out.int32(0);
  out.int32(type.oid);
  if (items.length === 0) return 0;
  out.int32(items.length);
  out.int32(1);
  let found = 0;
  for (let i = 0; i < items.length; i += 1) {
    const value = of(items[i]!);
    const hole = out.hole();
    if (value !== null && type.write(out, value)) {
      out.patch(hole);
      found += 1;
    } else {
      out.cut(hole);
      out.int32(NULL);
    }
  }
  if (found < items.length) out.set32(hasNull, 1);
  return found;
}

const NULL = -1;
export const JSONB_VERSION = 1;
