import type { Json } from '../core/rules/event.ts';
import { compareUtf8 } from '../core/rules/order.ts';
import { type DecodedMap, pairsOf, type Scalar } from './decoded-map.ts';
import { clean, cut } from './text.ts';

/** An entry of a context. */
export type Pair = readonly [key: string, value: Json];

type KeyValue<T> = readonly [key: string, value: T];
/** Shared by all that have none. */
export const NO_PAIRS: readonly never[] = Object.freeze([]);

/**
 * The pairs of a map in the order of their keys' UTF-8 bytes, each key once (the last of two that are the same, also
 * where they are only after cleaning), texts without NUL and lone surrogates, and no negative zero.
 *
 * @param intoColumn whether the keys go into a column, so that they are cut like any text that does.
 */
export function canonicalPairs<T extends Scalar>(map: DecodedMap<T>, intoColumn = false): readonly KeyValue<T>[] {
  const raw = pairsOf(map);
  if (raw.length === 0) return NO_PAIRS;
  const pairs: KeyValue<T>[] = [];
  for (const [key, value] of raw) {
    pairs.push([intoColumn ? cut(clean(key)) : clean(key), cleanValue(value)]);
  }
  if (pairs.length === 1) return pairs;
  // Sorting is stable: of two with the same key the later in the record stays behind.
  pairs.sort(byKey);
  let kept = 0;
  for (let i = 1; i < pairs.length; i++) {
    if (pairs[i]![0] !== pairs[kept]![0]) kept++;
    pairs[kept] = pairs[i]!;
  }
  pairs.length = kept + 1;
  return pairs;
}

function byKey(a: KeyValue<unknown>, b: KeyValue<unknown>): number {
  return compareUtf8(a[0], b[0]);
}

function cleanValue<T extends Scalar>(value: T): T {
  if (typeof value === 'string') return clean(value) as T;
  return value === 0 ? (0 as T) : value;
}
