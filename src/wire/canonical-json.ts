import type { Json } from '../core/rules/event.ts';
import { compareUtf8 } from '../core/rules/order.ts';

const MAX_DEPTH = 100;

/** A value that has no JSON text which everything that reads it could hold. */
export class NoJson extends Error {
  override readonly name = 'NoJson';
}

/**
 * One JSON text for a value, whatever the order in which its keys came: no spaces, keys in the order of their UTF-8
 * bytes. Not left to the order of an object's keys, for JavaScript puts those that look like integers first.
 * @throws NoJson where a number is not finite, or values are nested more than 100 deep.
 */
export function canonicalJson(value: Json, depth = 0): string {
  if (value === null || typeof value !== 'object') {
    if (typeof value === 'number' && !Number.isFinite(value)) throw new NoJson('a number is not finite');
    return JSON.stringify(value);
  }
  if (depth === MAX_DEPTH) throw new NoJson(`values are nested more than ${MAX_DEPTH} deep`);
  if (isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  return canonicalObject(Object.entries(value), depth);
}

/** The same for an object given as its entries, each key once. */
export function canonicalObject(entries: readonly (readonly [string, Json])[], depth = 0): string {
  const sorted = [...entries].sort(([a], [b]) => compareUtf8(a, b));
  const members = sorted.map(([key, value]) => `${JSON.stringify(key)}:${canonicalJson(value, depth + 1)}`);
  return `{${members.join(',')}}`;
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
