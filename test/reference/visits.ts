/**
 * A visit as the reference keeps it: the full list of its events, for ever. Every aggregate is found again from that
 * list each time it is asked for, so none can be stale.
 */

import type { VisitEvent } from '../../src/core/memory/visit.ts';
import { contextEntries } from '../../src/core/rules/context.ts';
import type { Json, TrackEvent, Utm } from '../../src/core/rules/event.ts';
import type { EndReason, Seal } from '../../src/core/rules/span.ts';

/** What is taken from the first event that names it, as the views call it, in the order of `TrackEvent.named`. */
export const NAMED = [
  'device_type',
  'device_brand',
  'device_model',
  'os',
  'browser',
  'country',
  'region',
  'city',
  'language',
] as const;

export interface PlacedEvent {
  readonly event: TrackEvent;
  /** The higher of the arrival clock and `t` when it was accepted. */
  readonly arrival: number;
  /** Whether it counts in `late_event_count`. */
  readonly late: boolean;
}

export interface ReferenceVisit {
  readonly id: string;
  readonly sessionId: string;
  readonly debug: boolean;
  readonly openedOffset: number;
  readonly openedIndex: number;
  events: PlacedEvent[];
  ended: boolean;
  published: number;
  reason: EndReason | null;
  seal: Seal | null;
  endedWatermark: number | null;
}

/** Order of texts as UTF-8 bytes, which is not the order of JavaScript's `<` beyond U+FFFF. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** A visit's events in order of (`t`, `event_id`). */
export function inOrder(visit: ReferenceVisit): TrackEvent[] {
  return visit.events.map((placed) => placed.event).sort((a, b) => a.t - b.t || compareBytes(a.eventId, b.eventId));
}

export function startOf(visit: ReferenceVisit): number {
  return Math.min(...visit.events.map(({ event }) => event.t));
}

export function endOf(visit: ReferenceVisit): number {
  return Math.max(...visit.events.map(({ event }) => event.t));
}

export function lastArrivalOf(visit: ReferenceVisit): number {
  return Math.max(...visit.events.map(({ arrival }) => arrival));
}

/** All of a visit as plain values, to be compared. */
export interface VisitView {
  readonly id: string;
  readonly sessionId: string;
  readonly debug: boolean;
  readonly openedOffset: number;
  readonly openedIndex: number;
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly lastArrival: number;
  readonly ended: boolean;
  readonly published: number;
  readonly reason: EndReason | null;
  readonly seal: Seal | null;
  readonly endedWatermark: number | null;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  readonly profileId: string | null;
  readonly sourceId: string | null;
  readonly entryPage: string | null;
  readonly referrer: string | null;
  readonly exitPage: string | null;
  readonly utm: Utm | null;
  readonly named: readonly (string | null)[];
  /** Last written, by top-level key; keys in order of UTF-8 bytes. */
  readonly context: readonly (readonly [key: string, value: Json])[];
  /** Exact, every type; in order of UTF-8 bytes. */
  readonly types: readonly (readonly [type: string, count: number])[];
  /** In order of (`t`, `event_id`). */
  readonly events: readonly VisitEvent[];
}

export function viewOf(visit: ReferenceVisit, pageViewTypes: ReadonlySet<string>): VisitView {
  const events = inOrder(visit);
  const backwards = events.toReversed();
  const entry = events.find((event) => event.page !== null);

  const named = [];
  for (let i = 0; i < NAMED.length; i++) {
    const first = events.find((event) => event.named !== null && event.named[i] !== null);
    named.push(first?.named?.[i] ?? null);
  }

  // In order, so the last write of a key stays.
  const context = new Map<string, Json>();
  for (const event of events) for (const [key, value] of contextEntries(event)) context.set(key, value);

  const types = new Map<string, number>();
  for (const event of events) types.set(event.type, (types.get(event.type) ?? 0) + 1);

  return {
    id: visit.id,
    sessionId: visit.sessionId,
    debug: visit.debug,
    openedOffset: visit.openedOffset,
    openedIndex: visit.openedIndex,
    startedAt: startOf(visit),
    lastEventAt: endOf(visit),
    lastArrival: lastArrivalOf(visit),
    ended: visit.ended,
    published: visit.published,
    reason: visit.reason,
    seal: visit.seal,
    endedWatermark: visit.endedWatermark,
    eventCount: events.length,
    pageViewCount: events.filter((event) => pageViewTypes.has(event.type)).length,
    lateEventCount: visit.events.filter((placed) => placed.late).length,
    profileId: backwards.find((event) => event.profileId !== null)?.profileId ?? null,
    sourceId: events.find((event) => event.sourceId !== null)?.sourceId ?? null,
    entryPage: entry?.page ?? null,
    // Of the first event that names a page, even where that one has no referrer and a later one has.
    referrer: entry?.referrer ?? null,
    exitPage: backwards.find((event) => event.page !== null)?.page ?? null,
    utm: events.find((event) => event.utm !== null)?.utm ?? null,
    named,
    context: [...context].sort(([a], [b]) => compareBytes(a, b)),
    types: [...types].sort(([a], [b]) => compareBytes(a, b)),
    events: events.map(({ eventId, type, t, page, properties }) => ({ eventId, type, t, page, properties })),
  };
}

/** The 100 most frequent types, the rest under `*`; keys in order of UTF-8 bytes. */
export function cutTypes(types: VisitView['types']): [string, number][] {
  const byCount = [...types].sort((a, b) => b[1] - a[1] || compareBytes(a[0], b[0]));
  const kept = new Map(byCount.slice(0, 100));
  const rest = byCount.slice(100).reduce((sum, [, count]) => sum + count, 0);
  // A type that is itself called `*` and is among the 100 has the rest added to it.
  if (rest > 0) kept.set('*', (kept.get('*') ?? 0) + rest);
  return [...kept].sort(([a], [b]) => compareBytes(a, b));
}
