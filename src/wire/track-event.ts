/**
 * Bounds. Invariant: what leaves here as an event can be held by every column and every topic (see `TrackEvent`), and
 * whether it does depends on the record alone, so that a replay takes and refuses the same.
 */
import type { Refusal, TrackEvent } from '../core/rules/event.ts';
import { canonicalObject } from './canonical-json.ts';
import { MAX_JSON, readContext } from './context.ts';
import type { DecodedEvent } from './decoded.ts';
import type { Scalar } from './decoded-map.ts';
import { canonicalPairs, NO_PAIRS } from './pairs.ts';
import { invalid } from './refusal.ts';
import { fits, isClean } from './text.ts';

/** Bytes. */
export const MAX_ID = 128;
/** Bytes. */
export const MAX_TYPE = 64;
const MAX_TRAITS = 100;
/** No event is older: 2000-01-01T00:00:00Z. */
const EARLIEST = 946_684_800_000;
/** The longest number as JSON, `-1.2345678901234567e-300`, takes 24 bytes; with quotes, colon and comma of its key. */
const NUMBER_AND_FRAME = 32;

export interface ArrivalTimes {
  /** The record's timestamp, ms since the epoch. */
  readonly timestamp: number;
  /** Header `tidemark-received-at`, ms since the epoch; NaN where it is no number, null where there is none. */
  readonly receivedAtHeader: number | null;
}

export interface EventOptions {
  /** Whether `TrackEvent.properties` is filled. Refusals do not depend on it. */
  readonly keepProperties: boolean;
}

type Pairs = readonly (readonly [key: string, value: Scalar])[];

/** Checks a decoded event against the bounds of SEMANTICS.md and takes the device's clock out of its time. */
export function toEvent(decoded: DecodedEvent, at: ArrivalTimes, options: EventOptions): TrackEvent | Refusal {
  const eventId = decoded.event_id ?? '';
  const sessionId = decoded.session_id ?? '';
  const type = decoded.type ?? '';
  const profileId = decoded.profile_id || null;
  const sourceId = decoded.source_id || null;

  let fault = required('event_id', eventId, MAX_ID);
  if (fault !== null) return invalid(fault);
  fault =
    required('session_id', sessionId, MAX_ID) ??
    required('type', type, MAX_TYPE) ??
    (profileId === null ? null : bounded('profile_id', profileId, MAX_ID)) ??
    (sourceId === null ? null : bounded('source_id', sourceId, MAX_ID));
  if (fault !== null) return invalid(fault, eventId);

  const { occurred_at, sent_at, received_at } = decoded;
  const t = eventTime(occurred_at, sent_at, received_at ?? at.receivedAtHeader ?? at.timestamp);
  if (typeof t === 'string') return invalid(t, eventId);

  const context = readContext(decoded.context ?? {});
  if (typeof context === 'string') return invalid(context, eventId);

  const traits = traitsOf(decoded.traits);
  if (typeof traits === 'string') return invalid(traits, eventId);

  const properties = propertiesOf(decoded.properties);
  if (typeof properties === 'string') return invalid(properties, eventId);

  return {
    eventId,
    sessionId,
    debug: decoded.debug === true,
    profileId,
    sourceId,
    type,
    t,
    page: context.page,
    referrer: context.referrer,
    utm: context.utm,
    named: context.named,
    context: context.context,
    contextPage: context.contextPage,
    contextUtm: context.contextUtm,
    traits,
    properties: options.keepProperties ? canonicalObject(properties) : null,
  };
}

function required(name: string, value: string, max: number): string | null {
  return value === '' ? `${name} is missing or empty` : bounded(name, value, max);
}

function bounded(name: string, value: string, max: number): string | null {
  if (!isClean(value)) return `${name} holds NUL or what is not valid Unicode`;
  return fits(value, max) ? null : `${name} takes ${Buffer.byteLength(value)} bytes; at most ${max} are taken`;
}

/** @returns ms since the epoch, or a text with what is wrong. */
export function eventTime(
  occurred: number | null | undefined,
  sent: number | null | undefined,
  received: number,
): number | string {
  if (occurred == null) return 'occurred_at is missing';
  const t = sent == null ? occurred : received - Math.max(0, sent - occurred);
  if (!Number.isSafeInteger(occurred) || !Number.isSafeInteger(t)) {
    return 'occurred_at, sent_at, received_at or header tidemark-received-at is not a whole number of milliseconds';
  }
  return t < EARLIEST ? `the event is dated ${t} ms, before the year 2000` : t;
}

/** @returns the traits as `TrackEvent` has them, or a text with what is wrong. */
export function traitsOf(decoded: DecodedEvent['traits']): Pairs | string {
  const pairs = decoded == null ? NO_PAIRS : canonicalPairs(decoded, true);
  if (pairs.length === 0) return pairs;
  if (pairs.length > MAX_TRAITS) return `the event has ${pairs.length} traits; at most ${MAX_TRAITS} are taken`;
  const fault = finite('traits', pairs);
  if (fault !== null) return fault;
  let most = 2;
  for (const [key, value] of pairs) {
    most += key.length * 6 + NUMBER_AND_FRAME + (typeof value === 'string' ? value.length * 6 : 0);
  }
  if (most <= MAX_JSON) return pairs;
  const bytes = Buffer.byteLength(JSON.stringify(Object.fromEntries(pairs)));
  return bytes <= MAX_JSON ? pairs : `traits take ${bytes} bytes as JSON; at most ${MAX_JSON} are taken`;
}

/** @returns the properties, or a text with what is wrong. */
export function propertiesOf(decoded: DecodedEvent['properties']): Pairs | string {
  const pairs = decoded == null ? NO_PAIRS : canonicalPairs(decoded);
  return finite('properties', pairs) ?? pairs;
}

function finite(name: string, pairs: Pairs): string | null {
  for (const [key, value] of pairs) {
    if (typeof value === 'number' && !Number.isFinite(value))
      return `${name}: ${JSON.stringify(key)} is not a finite number`;
  }
  return null;
}
