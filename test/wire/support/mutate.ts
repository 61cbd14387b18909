/** Values of the three formats with one or a few things changed: what a broken producer or a broken line makes of them. */
import fc from 'fast-check';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Texts that something behind the decoder may not be able to hold. */
export const NASTY_TEXT: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'page-view', 'sign-out', '', '@debug-session-id', '/x?y#z', 'é', '😀') },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\0', 'a\0b', '\ud800', '\udc00x', '\ufffd', '\ufeff', '__proto__', 'toString'),
  },
  { weight: 2, arbitrary: fc.constantFrom('\0', '\ud83d', '"', '\\', 'é', '😀', 'x', '\u2028').chain(repeated) },
);

/** Lengths around every bound there is. */
function repeated(unit: string): fc.Arbitrary<string> {
  const lengths = [63, 64, 65, 127, 128, 129, 682, 1024, 2047, 2048, 2049, 5_461, 16_384, 32_767, 32_768, 40_000];
  return fc.constantFrom(...lengths).map((length) => unit.repeat(length));
}

export const NASTY_NUMBER: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.constantFrom(
    0,
    -0,
    1e308,
    -1e308,
    5e-324,
    2 ** 53,
    -(2 ** 53),
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    1_767_225_600_000,
  ),
);

export const NASTY_JSON: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: NASTY_TEXT },
  { weight: 3, arbitrary: NASTY_NUMBER },
  { weight: 2, arbitrary: fc.constantFrom<Json>(null, true, false, [], {}, [[]], { a: { b: [1] } }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 120 }).map(nested) },
  { weight: 1, arbitrary: fc.dictionary(NASTY_TEXT, fc.oneof(NASTY_TEXT, NASTY_NUMBER), { maxKeys: 120 }) },
) as fc.Arbitrary<Json>;

function nested(depth: number): Json {
  let value: Json = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
}

/** One place of a JSON value, by chance, holds another value, is gone, or is there under another key as well. */
export function replaced(value: Json, at: readonly number[], by: Json, key: string): Json {
  const [first, ...rest] = at;
  if (first === undefined || value === null || typeof value !== 'object') return by;
  const entries: [string, Json][] = Object.entries(value as { [key: string]: Json });
  if (entries.length === 0) return by;
  const i = first % entries.length;
  if (first % 11 === 0) entries.splice(i, 1);
  else if (first % 7 === 0) entries.push([key, by]);
  else entries[i] = [entries[i]![0], replaced(entries[i]![1], rest, by, key)];
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries);
}

/** JSON text; numbers that JSON has no text for as numbers that are read as infinite. */
export function textOf(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) return value < 0 ? '-1e999' : '1e999';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`;
  return `{${Object.entries(value as { [key: string]: Json })
    .map(([key, each]) => `${JSON.stringify(key)}:${textOf(each)}`)
    .join(',')}}`;
}

export type ByteChange =
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'insert' | 'repeat'; readonly at: number; readonly bytes: Uint8Array };

export const BYTE_CHANGES: fc.Arbitrary<ByteChange[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('set' as const), at: fc.nat(), byte: fc.nat(255) }),
    fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
    fc.record({
      kind: fc.constantFrom('insert' as const, 'repeat' as const),
      at: fc.nat(),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    }),
  ),
  { maxLength: 4 },
);

/** @param from bytes before this stay as they are. */
export function changed(value: Buffer, changes: readonly ByteChange[], from = 0): Buffer {
  let bytes = Buffer.from(value);
  for (const change of changes) {
    const at = from + (change.at % Math.max(1, bytes.length - from));
    if (change.kind === 'set') bytes[at] = change.byte;
    else if (change.kind === 'cut') bytes = bytes.subarray(0, at);
    else {
      const more = change.kind === 'insert' ? change.bytes : bytes.subarray(from, at);
      bytes = Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
    }
  }
  return bytes;
}
