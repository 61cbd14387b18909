import { contextEntries } from '../core/rules/context.ts';
import type { ContextParts, TrackEvent, Utm } from '../core/rules/event.ts';
import { type DecodedContext, LISTED, NAMING, namedIn, RECORD_KEYS } from './context.gen.ts';
import type { DecodedMap } from './decoded-map.ts';
import { canonicalPairs, NO_PAIRS, type Pair } from './pairs.ts';
import { clean, cut } from './text.ts';

export const MAX_JSON = 32 * 1024;
/** More than the names and punctuation of a context take as JSON, `extra` apart. */
const FRAME = 512;

type Texts = { readonly [key: string]: string };
/** One whose value is a record's texts, cleaned. */
export type TextsPair = readonly [key: string, value: Texts];

/** What the context of one event says: see `TrackEvent`. */
export type ContextFields = Pick<TrackEvent, 'page' | 'referrer' | 'utm' | 'named'> & ContextParts;

/** Keys of each record in the order of their UTF-8 bytes, as they are written. */
const KEYS = new Map<string, readonly string[]>(
  Object.entries(RECORD_KEYS).map(([name, keys]) => [name, keys.toSorted()]),
);

/** @returns what the context says; a text with what is wrong where it is more than 32 KB as JSON. */
export function readContext(decoded: DecodedContext): ContextFields | string {
  const page = pagePair(decoded.page);
  const utm = utmPair(decoded.utm);
  const context = listOf(LISTED.map((name) => pairOf(name, decoded[name])));
  const parts = { context, contextPage: page, contextUtm: utm };
  if (unitsOf(parts) * 6 + FRAME > MAX_JSON) {
    const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(contextEntries(parts))));
    if (bytes > MAX_JSON) return `context takes ${bytes} bytes as JSON; at most ${MAX_JSON} are taken`;
  }
  return {
    page: pageOf(page),
    referrer: referrerOf(page),
    utm: utmOf(utm),
    named: namedIn(NAMING.map((name) => pairIn(context, name))),
    ...parts,
  };
}

/**
 * Whether a context is within 32 KB as JSON for certain, by the bytes that its texts take in the record, each with its
 * length: a byte makes one unit of text at most, and a unit six bytes of JSON.
 */
export function isSmall(bytes: number): boolean {
  return bytes * 6 + FRAME <= MAX_JSON;
}

/** `TrackEvent.context`, of pairs in the order of `LISTED` that are null where they say nothing. */
export function listOf(pairs: readonly (Pair | null)[]): readonly Pair[] {
  const list = pairs.filter((pair) => pair !== null);
  return list.length === 0 ? NO_PAIRS : list;
}

/** The pair of that key; null: there is none. */
export function pairIn(list: readonly Pair[], name: string): Pair | null {
  for (let i = 0; i < list.length; i++) if (list[i]![0] === name) return list[i]!;
  return null;
}

/** Units of text: six times as many bytes bound its JSON from above. */
function unitsOf({ context, contextPage, contextUtm }: ContextParts): number {
  let units = unitsIn(contextPage) + unitsIn(contextUtm);
  for (const entry of context) units += unitsIn(entry);
  return units;
}

function unitsIn(entry: Pair | null): number {
  if (entry === null) return 0;
  const value = entry[1];
  if (typeof value === 'string') return value.length;
  let units = 0;
  // A key of `extra` takes quotes, a colon and a comma besides itself and its value's quotes.
  for (const [key, text] of Object.entries(value as Texts)) units += key.length + text.length + 1;
  return units;
}

export function pagePair(page: DecodedContext['page']): TextsPair | null {
  return page == null ? null : recordPair('page', page);
}

export function utmPair(utm: DecodedContext['utm']): TextsPair | null {
  return utm == null ? null : recordPair('utm', utm);
}

/** A field of a context; null: it says nothing. */
export function pairOf(name: string, value: DecodedContext[keyof DecodedContext]): Pair | null {
  if (!value) return null;
  if (typeof value === 'string') return [name, clean(value)];
  if (KEYS.has(name)) return recordPair(name, value as Texts);
  const pairs = canonicalPairs(value as DecodedMap<string>);
  return pairs.length === 0 ? null : [name, Object.fromEntries(pairs)];
}

function recordPair(name: string, record: { readonly [key: string]: string | null | undefined }): TextsPair | null {
  let texts: { [key: string]: string } | null = null;
  for (const key of KEYS.get(name)!) {
    const value = record[key];
    if (value == null) continue;
    texts ??= {};
    texts[key] = clean(value);
  }
  return texts === null ? null : [name, texts];
}

/** A text as a column holds it; one that is absent or empty says nothing. */
function column(value: string | undefined): string | null {
  return value ? cut(value) : null;
}

/** `TrackEvent.page`. */
export function pageOf(page: TextsPair | null): string | null {
  if (page === null) return null;
  const { path, url } = page[1];
  if (path) return cut(path);
  return url ? column(pathOf(url)) : null;
}

/** `TrackEvent.referrer`. */
export function referrerOf(page: TextsPair | null): string | null {
  return column(page?.[1].referrer);
}

/**
 * The path of a URL, by the regular expression of RFC 3986, appendix B. Not `new URL`: what that makes of odd ones
 * changes between versions of Node, and a replay must not.
 */
const URL_PARTS = /^(?:[^:/?#]+:)?(\/\/[^/?#]*)?([^?#]*)/;

/** @returns the path; `/` where there is an authority and no path; empty where the URL names none. */
export function pathOf(url: string): string {
  const parts = URL_PARTS.exec(url);
  const path = parts?.[2] ?? '';
  return path === '' && parts?.[1] !== undefined ? '/' : path;
}

/** `TrackEvent.utm`. */
export function utmOf(pair: TextsPair | null): Utm | null {
  if (pair === null) return null;
  const { source, medium, campaign, term, content } = pair[1];
  const values: Utm = [column(source), column(medium), column(campaign), column(term), column(content)];
  return saysSomething(values) ? values : null;
}

function saysSomething(values: readonly (string | null)[]): boolean {
  for (const value of values) if (value !== null) return true;
  return false;
}
