import type { Json } from '../core/rules/event.ts';
import { canonicalJson } from './canonical-json.ts';
import { type DecodedContext, RECORD_KEYS, TEXT_FIELDS } from './context.gen.ts';
import type { JsonObject } from './json-shape.ts';

/** Keys that our context has a place for; all others are kept whole under `extra`, as text or JSON text. */
const PLACED = new Set<string>([...Object.keys(RECORD_KEYS), ...TEXT_FIELDS]);

/**
 * Finds, in the free form of Tracardi's context, what ours has a place for: as its JavaScript client writes `page`,
 * `utm`, `location`, `browser`, `screen` and `time`, and as simple integrations do. What has another type says nothing.
 */
export function decodeTracardiContext(context: JsonObject, ip: string | null): DecodedContext {
  const page = context.page;
  const location = objectIn(context.location);
  const device = objectIn(context.device);
  const browser = objectIn(objectIn(objectIn(context.browser).local).browser);
  return {
    page: typeof page === 'string' ? { url: page } : pageOf(objectIn(page)),
    utm: utmOf(objectIn(context.utm)),
    device: {
      type: named(device.type),
      brand: named(device.brand),
      model: named(device.model),
      os: named(device.os) ?? named(context.os),
      browser: named(device.browser),
      screen: screenOf(objectIn(objectIn(context.screen).local)),
    },
    location: {
      country: countryOf(location.country),
      region: named(location.region) ?? named(location.county),
      city: named(location.city),
      timezone: text(location.timezone) ?? text(objectIn(context.time).tz),
    },
    ip: ip ?? text(context.ip) ?? text(location.ip),
    user_agent: text(context.user_agent) ?? text(browser.userAgent),
    language: text(context.language) ?? text(browser.language),
    extra: Object.entries(context)
      .filter(([key, value]) => !PLACED.has(key) && value !== null)
      .map(([key, value]) => [key, typeof value === 'string' ? value : canonicalJson(value as Json)] as const),
  };
}

function pageOf(page: JsonObject): DecodedContext['page'] {
  const referrer = page.referer ?? page.referrer;
  return {
    url: text(page.url),
    path: text(page.path),
    title: text(page.title),
    referrer: text(referrer) ?? text(objectIn(referrer).host),
  };
}

function utmOf(utm: JsonObject): DecodedContext['utm'] {
  return {
    source: text(utm.source),
    medium: text(utm.medium),
    campaign: text(utm.campaign),
    term: text(utm.term),
    content: text(utm.content),
  };
}

function screenOf(screen: JsonObject): string | null {
  const { width, height } = screen;
  return typeof width === 'number' && typeof height === 'number' ? `${width}x${height}` : null;
}

function countryOf(country: unknown): string | null {
  return text(country) ?? text(objectIn(country).code) ?? text(objectIn(country).name);
}

/** A text, or the name in an object. */
function named(value: unknown): string | null {
  return text(value) ?? text(objectIn(value).name);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

const NOTHING: JsonObject = Object.freeze({});

function objectIn(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : NOTHING;
}
