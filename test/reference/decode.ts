/**
 * A stand-in for the wire layer: a scenario's event object to a TrackEvent. It knows the clock correction and what
 * says nothing, but of the bounds only the one that the scenarios break.
 */
import { type Entry, type Json, NAMED, type TrackEvent, type Utm } from '../../src/core/event.ts';

/** A TrackEvent as a scenario file writes it; absent fields have their defaults. */
export interface PlainEvent {
  readonly event_id: string;
  readonly session_id: string;
  readonly type: string;
  readonly occurred_at: number;
  readonly sent_at?: number | null;
  readonly received_at?: number | null;
  readonly profile_id?: string | null;
  readonly source_id?: string | null;
  readonly debug?: boolean;
  readonly context?: PlainContext | null;
  readonly properties?: Record<string, unknown>;
  readonly traits?: Record<string, null | boolean | number | string>;
}

type Texts = Readonly<Record<string, string | null>>;

interface PlainContext {
  readonly page?: Texts | null;
  readonly utm?: Texts | null;
  readonly device?: Texts | null;
  readonly location?: Texts | null;
  readonly ip?: string | null;
  readonly user_agent?: string | null;
  readonly extra?: Texts | null;
}

/** @param timestamp of the record, ms: stands in for `received_at`. */
export function decode(plain: PlainEvent | null, timestamp: number): Entry {
  if (plain === null) return { refused: 'undecodable', error: 'not a TrackEvent', eventId: null };
  if (plain.session_id === '') return { refused: 'invalid', error: 'session_id is empty', eventId: plain.event_id };
  const context = plain.context ?? {};
  const utm = ['source', 'medium', 'campaign', 'term', 'content'].map((key) =>
    text(context.utm?.[key]),
  ) as unknown as Utm;
  const named = NAMED.map((name) =>
    name.startsWith('device_')
      ? text(context.device?.[name.slice('device_'.length)])
      : text(context.device?.[name] ?? context.location?.[name]),
  );
  return {
    eventId: plain.event_id,
    sessionId: plain.session_id,
    debug: plain.debug ?? false,
    profileId: text(plain.profile_id),
    sourceId: text(plain.source_id),
    type: plain.type,
    t: eventTime(plain, timestamp),
    page: pageOf(context.page),
    referrer: text(context.page?.referrer),
    utm: utm.some((value) => value !== null) ? utm : null,
    named: named.some((value) => value !== null) ? named : null,
    context: Object.entries(context).flatMap(([key, value]) => said(key, value)),
    traits: Object.entries(plain.traits ?? {}),
    properties: null,
  } satisfies TrackEvent;
}

/** The device's clock is taken out where it says when it sent the event. */
function eventTime(plain: PlainEvent, timestamp: number): number {
  if (plain.sent_at === undefined || plain.sent_at === null) return plain.occurred_at;
  return (plain.received_at ?? timestamp) - Math.max(0, plain.sent_at - plain.occurred_at);
}

/** An empty text says nothing. */
function text(value: string | null | undefined): string | null {
  return value === undefined || value === null || value === '' ? null : value;
}

function pageOf(page: Texts | null | undefined): string | null {
  const path = text(page?.path);
  const url = text(page?.url);
  return path ?? (url === null ? null : new URL(url, 'http://localhost').pathname);
}

function said(key: string, value: Json | undefined): (readonly [string, Json])[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value !== 'object') return [[key, value]];
  const inside = Object.entries(value).filter(([, each]) => each !== null && each !== '');
  return inside.length === 0 ? [] : [[key, Object.fromEntries(inside)]];
}
