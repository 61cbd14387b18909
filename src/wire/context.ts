import type { Json, TrackEvent, Utm } from '../core/event.ts';
import type { DecodedContext } from './decoded.ts';
import { canonicalPairs, NO_PAIRS } from './pairs.ts';
import { clean, cut } from './text.ts';

export const MAX_JSON = 32 * 1024;
/** More than the names and punctuation of a context take as JSON, `extra` apart. */
const FRAME = 512;

type Texts = { [key: string]: string };
type Entries = [key: string, value: Json][];
/** A cleaned record: null where it says nothing. */
type Part = { readonly [key: string]: string } | null;

/** What the context of one event says: see `TrackEvent`. */
export type ContextParts = Pick<TrackEvent, 'page' | 'referrer' | 'utm' | 'named' | 'context'>;

export const NO_CONTEXT: ContextParts = Object.freeze({
  page: null,
  referrer: null,
  utm: null,
  named: null,
  context: NO_PAIRS,
});

// In the order of their UTF-8 bytes, as they are written.
const PAGE = ['path', 'referrer', 'title', 'url'] as const;
const UTM = ['campaign', 'content', 'medium', 'source', 'term'] as const;
const DEVICE = ['brand', 'browser', 'model', 'os', 'screen', 'type'] as const;
const LOCATION = ['city', 'country', 'region', 'timezone'] as const;

/** Units of text met in the context at hand: six times as many bytes bound its JSON from above. */
let units = 0;

/** @returns what the context says; a text with what is wrong where it is more than 32 KB as JSON. */
export function readContext(decoded: DecodedContext): ContextParts | string {
  units = 0;
  const entries: Entries = [];
  const device = part(DEVICE, decoded.device);
  if (device !== null) entries.push(['device', device]);
  const extra = decoded.extra == null ? null : extraOf(decoded.extra);
  if (extra !== null) entries.push(['extra', extra]);
  if (decoded.ip) entries.push(['ip', text(decoded.ip)]);
  const location = part(LOCATION, decoded.location);
  if (location !== null) entries.push(['location', location]);
  const page = part(PAGE, decoded.page);
  if (page !== null) entries.push(['page', page]);
  if (decoded.user_agent) entries.push(['user_agent', text(decoded.user_agent)]);
  const utm = part(UTM, decoded.utm);
  if (utm !== null) entries.push(['utm', utm]);
  if (entries.length === 0) return NO_CONTEXT;

  if (units * 6 + FRAME > MAX_JSON) {
    const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(entries)));
    if (bytes > MAX_JSON) return `context takes ${bytes} bytes as JSON; at most ${MAX_JSON} are taken`;
  }
  return {
    page: page === null ? null : pageOf(page),
    referrer: page === null ? null : column(page.referrer),
    utm: utm === null ? null : utmOf(utm),
    named: device === null && location === null ? null : namedOf(device, location),
    context: entries,
  };
}

function text(raw: string): string {
  units += raw.length;
  return clean(raw);
}

function part<K extends string>(
  keys: readonly K[],
  record: { readonly [key in K]?: string | null | undefined } | null | undefined,
): Part {
  if (record == null) return null;
  let out: Texts | null = null;
  for (const key of keys) {
    const value = record[key];
    if (value == null) continue;
    out ??= {};
    out[key] = text(value);
  }
  return out;
}

function extraOf(extra: NonNullable<DecodedContext['extra']>): Texts | null {
  const pairs = canonicalPairs(extra);
  if (pairs.length === 0) return null;
  // A key takes quotes, a colon and a comma besides itself and its value's quotes.
  for (const [key, value] of pairs) units += key.length + value.length + 1;
  return Object.fromEntries(pairs);
}

/** A text as a column holds it; one that is absent or empty says nothing. */
function column(value: string | undefined): string | null {
  return value ? cut(value) : null;
}

function pageOf(page: NonNullable<Part>): string | null {
  if (page.path) return cut(page.path);
  return page.url ? column(pathOf(page.url)) : null;
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

function utmOf(utm: NonNullable<Part>): Utm | null {
  const values: Utm = [
    column(utm.source),
    column(utm.medium),
    column(utm.campaign),
    column(utm.term),
    column(utm.content),
  ];
  return saysSomething(values) ? values : null;
}

/** In the order of `NAMED`. */
function namedOf(device: Part, location: Part): (string | null)[] | null {
  const values = [
    column(device?.type),
    column(device?.brand),
    column(device?.model),
    column(device?.os),
    column(device?.browser),
    column(location?.country),
    column(location?.region),
    column(location?.city),
  ];
  return saysSomething(values) ? values : null;
}

function saysSomething(values: readonly (string | null)[]): boolean {
  for (const value of values) if (value !== null) return true;
  return false;
}
