/** What people and tests read of the in-memory store: the views of the SQL schema, times in ms since the epoch. */
import type { TraitWrite } from '../core/changes.ts';
import type { VisitEvent } from '../core/memory/visit.ts';
import type { Json } from '../core/rules/event.ts';
import { compareUtf8 } from '../core/rules/order.ts';
import type { Revision } from '../core/rules/visit-ended.ts';
import { greatest, isLater, least, type ProfilePart } from './profile-parts.ts';
import type { PartitionTables } from './tables.ts';
import type { VisitRow } from './visit-row.ts';

/** Partition numbers and their rows. */
export type Partitions = ReadonlyMap<number, PartitionTables>;

export type VisitView = VisitRow & { readonly partition: number };

export interface SessionView {
  readonly sessionId: string;
  /** A session id seen in two partitions is two sessions. */
  readonly partition: number;
  readonly firstVisitId: string;
  readonly lastVisitId: string;
  /** The last visit's, as is the context. */
  readonly profileId: string | null;
  readonly visitCount: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  readonly durationMs: number;
  readonly startedAt: number;
  /** null while a visit is open. */
  readonly endedAt: number | null;
  readonly context: Readonly<Record<string, Json>>;
}

export interface ProfileView extends ProfilePart {
  readonly sessionCount: number;
  /** By key, those that are set. */
  readonly traits: readonly (readonly [key: string, value: boolean | number | string])[];
}

export interface VisitEventView extends VisitEvent {
  readonly visitId: string;
  readonly sessionId: string;
  /** From 1. */
  readonly position: number;
}

/** Open and ended visits, merged-away ones absent, in order of opening. */
export function visitsOf(partitions: Partitions): VisitView[] {
  const rows = [...partitions].flatMap(([partition, tables]) =>
    [...tables.visits()].map((row) => ({ ...structuredClone(row), partition })),
  );
  return rows.sort(
    (a, b) => a.partition - b.partition || a.openedOffset - b.openedOffset || a.openedIndex - b.openedIndex,
  );
}

/** Debug visits apart. */
export function sessionsOf(partitions: Partitions): SessionView[] {
  const sessions = new Map<string, VisitView[]>();
  for (const visit of visitsOf(partitions)) {
    if (visit.debug) continue;
    const key = `${visit.partition} ${visit.sessionId}`;
    sessions.set(key, [...(sessions.get(key) ?? []), visit]);
  }
  return [...sessions.values()].map((visits) => {
    // Visits of a session are disjoint in time, so their starts put them in order.
    visits.sort((a, b) => a.startedAt - b.startedAt);
    const first = visits[0]!;
    const last = visits.at(-1)!;
    return {
      sessionId: first.sessionId,
      partition: first.partition,
      firstVisitId: first.id,
      lastVisitId: last.id,
      profileId: last.profileId,
      visitCount: visits.length,
      eventCount: sum(visits, (visit) => visit.eventCount),
      pageViewCount: sum(visits, (visit) => visit.pageViewCount),
      lateEventCount: sum(visits, (visit) => visit.lateEventCount),
      durationMs: sum(visits, (visit) => visit.lastEventAt - visit.startedAt),
      startedAt: first.startedAt,
      endedAt: visits.every((visit) => visit.ended) ? last.lastEventAt : null,
      context: Object.fromEntries(last.context.map(([key, stamp]) => [key, stamp.value])),
    };
  });
}

/** Sums of the parts that the partitions keep; there while a profile has visits or traits. In order of their id. */
export function profilesOf(partitions: Partitions): ProfileView[] {
  const visits = visitsOf(partitions).filter((visit) => !visit.debug);
  const ids = new Set(
    [...partitions.values()].flatMap(({ profiles }) => [...profiles.parts.keys(), ...profiles.traits.keys()]),
  );
  const views = [...ids].map((profileId): ProfileView => {
    const parts = partsOf(partitions, profileId);
    const mine = visits.filter((visit) => visit.profileId === profileId);
    return {
      profileId,
      visitCount: sum(parts, (part) => part.visitCount),
      sessionCount: new Set(mine.map((visit) => `${visit.partition} ${visit.sessionId}`)).size,
      eventCount: sum(parts, (part) => part.eventCount),
      pageViewCount: sum(parts, (part) => part.pageViewCount),
      durationMs: sum(parts, (part) => part.durationMs),
      firstSeenAt: parts.reduce<number | null>((at, part) => least(at, part.firstSeenAt), null),
      lastSeenAt: parts.reduce<number | null>((at, part) => greatest(at, part.lastSeenAt), null),
      traits: traitsOf(partitions, profileId),
    };
  });
  return views
    .filter((view) => view.traits.length > 0 || partsOf(partitions, view.profileId).length > 0)
    .sort((a, b) => Buffer.compare(Buffer.from(a.profileId), Buffer.from(b.profileId)));
}

/** A visit's events in order of (`t`, `eventId`); empty where there is no such visit. */
export function visitEventsOf(partitions: Partitions, visitId: string): VisitEventView[] {
  for (const tables of partitions.values()) {
    const row = tables.open.get(visitId) ?? tables.ended.get(visitId);
    if (row === undefined) continue;
    const events = tables.eventsOf(visitId).sort((a, b) => (comesLater(a, b) ? 1 : -1));
    return events.map((event, i) => ({ ...event, visitId, sessionId: row.sessionId, position: i + 1 }));
  }
  return [];
}

function comesLater(a: VisitEvent, b: VisitEvent): boolean {
  return a.t > b.t || (a.t === b.t && compareUtf8(a.eventId, b.eventId) > 0);
}

/** In the order in which they were written. */
export function revisionsOf(partitions: Partitions): Revision[] {
  return [...partitions.values()].flatMap((tables) => [...tables.revisions.values()]).map((row) => ({ ...row }));
}

function partsOf(partitions: Partitions, profileId: string): ProfilePart[] {
  return [...partitions.values()].flatMap(({ profiles }) => profiles.parts.get(profileId) ?? []);
}

function traitsOf(partitions: Partitions, profileId: string): ProfileView['traits'] {
  const last = new Map<string, TraitWrite>();
  for (const { profiles } of partitions.values()) {
    for (const write of profiles.traits.get(profileId)?.values() ?? []) {
      const now = last.get(write.key);
      if (now === undefined || isLater(write, now)) last.set(write.key, write);
    }
  }
  const set: (readonly [string, boolean | number | string])[] = [];
  for (const { key, value } of last.values()) if (value !== null) set.push([key, value]);
  return set.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function sum<T>(of: readonly T[], value: (each: T) => number): number {
  return of.reduce((total, each) => total + value(each), 0);
}
