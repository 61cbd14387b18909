import { contextEntries } from '../core/rules/context.ts';
import type { ContextParts, Json, TrackEvent, Utm } from '../core/rules/event.ts';
import type { DecodedContext } from './decoded.ts';
import { canonicalPairs, NO_PAIRS } from './pairs.ts';
import { clean, cut } from './text.ts';

export const MAX_JSON = 32 * 1024;
/** More than the names and punctuation of a context take as JSON, `extra` apart. */
const FRAME = 512;

type Texts = { readonly [key: string]: string };
/** An entry of a context. */
export type Pair = readonly [key: string, value: Json];
/** One whose value is a record's texts, cleaned. */
export type TextsPair = readonly [key: string, value: Texts];

/** What the context of one event says: see `TrackEvent`. */
export type ContextFields = Pick<TrackEvent, 'page' | 'referrer' | 'utm' | 'named'> & ContextParts;

// In the order of their UTF-8 bytes, as they are written.
const PAGE = ['path', 'referrer', 'title', 'url'] as const;
const UTM = ['campaign', 'content', 'medium', 'source', 'term'] as const;
const DEVICE = ['brand', 'browser', 'model', 'os', 'screen', 'type'] as const;
const LOCATION = ['city', 'country', 'region', 'timezone'] as const;

/** @returns what the context says; a text with what is wrong where it is more than 32 KB as JSON. */
export function readContext(decoded: DecodedContext): ContextFields | string {
  const device = devicePair(decoded.device);
  const extra = extraPair(decoded.extra);
  const ip = textPair('ip', decoded.ip);
  const location = locationPair(decoded.location);
  const page = pagePair(decoded.page);
  const userAgent = textPair('user_agent', decoded.user_agent);
  const utm = utmPair(decoded.utm);
  const parts = { context: listOf(device, extra, ip, location, userAgent), contextPage: page, contextUtm: utm };
  if (unitsOf(parts) * 6 + FRAME > MAX_JSON) {
    const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(contextEntries(parts))));
    if (bytes > MAX_JSON) return `context takes ${bytes} bytes as JSON; at most ${MAX_JSON} are taken`;
  }
  return {
    page: pageOf(page),
    referrer: referrerOf(page),
    utm: utmOf(utm),
    named: namedOf(device, location),
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

/** `TrackEvent.context`, of entries that are null where they say nothing. */
export function listOf(
  device: Pair | null,
  extra: Pair | null,
  ip: Pair | null,
  location: Pair | null,
  userAgent: Pair | null,
): readonly Pair[] {
  // Made in one go where it is as most are: an array that grows takes four times as long.
  if (device !== null && location !== null && extra === null) {
    if (ip !== null && userAgent !== null) return [device, ip, location, userAgent];
    if (ip === null && userAgent === null) return [device, location];
  }
  const entries: Pair[] = [];
  if (device !== null) entries.push(device);
  if (extra !== null) entries.push(extra);
  if (ip !== null) entries.push(ip);
  if (location !== null) entries.push(location);
  if (userAgent !== null) entries.push(userAgent);
  return entries.length === 0 ? NO_PAIRS : entries;
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
  return recordPair('page', PAGE, page);
}

export function utmPair(utm: DecodedContext['utm']): TextsPair | null {
  return recordPair('utm', UTM, utm);
}

export function devicePair(device: DecodedContext['device']): TextsPair | null {
  return recordPair('device', DEVICE, device);
}

export function locationPair(location: DecodedContext['location']): TextsPair | null {
  return recordPair('location', LOCATION, location);
}

function recordPair<K extends string>(
  name: string,
  keys: readonly K[],
  record: { readonly [key in K]?: string | null | undefined } | null | undefined,
): TextsPair | null {
  if (record == null) return null;
  let texts: { [key: string]: string } | null = null;
  for (const key of keys) {
    const value = record[key];
    if (value == null) continue;
    texts ??= {};
    texts[key] = clean(value);
  }
  return texts === null ? null : [name, texts];
}

export function textPair(name: string, text: string | null | undefined): Pair | null {
  return text ? [name, clean(text)] : null;
}

export function extraPair(extra: DecodedContext['extra']): Pair | null {
  const pairs = extra == null ? NO_PAIRS : canonicalPairs(extra);
  return pairs.length === 0 ? null : ['extra', Object.fromEntries(pairs)];
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

/** `TrackEvent.named`. */
export function namedOf(device: TextsPair | null, location: TextsPair | null): TrackEvent['named'] {
  if (device === null && location === null) return null;
  const values = [
    column(device?.[1].type),
    column(device?.[1].brand),
    column(device?.[1].model),
    column(device?.[1].os),
    column(device?.[1].browser),
    column(location?.[1].country),
    column(location?.[1].region),
    column(location?.[1].city),
  ];
  return saysSomething(values) ? values : null;
}

function saysSomething(values: readonly (string | null)[]): boolean {
  for (const value of values) if (value !== null) return true;
  return false;
}
