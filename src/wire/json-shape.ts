import { type DecodedMap, pairsOf, type Scalar } from './decoded-map.ts';
import { parseTime } from './time.ts';

/** A part of a JSON record has another type than the schema. */
export class WrongType extends Error {
  override readonly name = 'WrongType';
}

export type JsonObject = { readonly [key: string]: unknown };

function wrong(path: string, value: unknown, wanted: string): WrongType {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value;
  return new WrongType(`${path} is ${kind}; ${wanted} is expected`);
}

export function objectOf(path: string, value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, value, 'an object');
  return value as JsonObject;
}

/** The functions below take null and what is absent for saying nothing. @throws WrongType */
export function optionalObject(path: string, value: unknown): JsonObject | null {
  return value == null ? null : objectOf(path, value);
}

export function textOf(path: string, value: unknown): string | null {
  if (value == null) return null;
  if (typeof value !== 'string') throw wrong(path, value, 'text');
  return value;
}

export function flagOf(path: string, value: unknown): boolean {
  if (value == null) return false;
  if (typeof value !== 'boolean') throw wrong(path, value, 'true or false');
  return value;
}

/** ms since the epoch, from a number of them or a time in ISO 8601. */
export function timeOf(path: string, value: unknown): number | null {
  if (value == null || typeof value === 'number') return value ?? null;
  const time = typeof value === 'string' ? parseTime(value) : null;
  if (time === null) throw wrong(path, value, 'a number of milliseconds since 1970 or a time in ISO 8601');
  return time;
}

/** Only these keys, all texts. */
export function textsOf<K extends string>(
  path: string,
  value: unknown,
  keys: readonly K[],
): { [key in K]?: string | null } | null {
  const object = optionalObject(path, value);
  if (object === null) return null;
  const texts: { [key in K]?: string | null } = {};
  for (const key of keys) texts[key] = textOf(`${path}.${key}`, object[key]);
  return texts;
}

/** A map of texts; nulls say nothing. */
export function textMapOf(path: string, value: unknown): DecodedMap<string> | null {
  const object = optionalObject(path, value);
  if (object === null) return null;
  const pairs: [string, string][] = [];
  for (const [key, each] of pairsOf(object as { [key: string]: unknown })) {
    const text = textOf(`${path}.${key}`, each);
    if (text !== null) pairs.push([key, text]);
  }
  return pairs;
}

/** A map of null, booleans, numbers and texts. */
export function scalarMapOf(path: string, value: unknown): DecodedMap<Scalar> | null {
  const object = optionalObject(path, value);
  if (object === null) return null;
  for (const [key, each] of Object.entries(object)) {
    if (!isScalar(each)) throw wrong(`${path}.${key}`, each, 'null, true, false, a number or text');
  }
  return object as { readonly [key: string]: Scalar };
}

export function isScalar(value: unknown): value is Scalar {
  return value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string';
}
