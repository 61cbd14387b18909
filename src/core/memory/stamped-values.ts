import { ContextWalk, contextParts, PAGE_KEY, UTM_KEY } from '../rules/context.ts';
import type { Json, Utm } from '../rules/event.ts';
import { EventId } from './event-ids.ts';
import { NO_STAMP } from './stamps.ts';
import type { Visit } from './visit.ts';

/** A value and the event that it comes from. */
export interface Stamped<T> {
  readonly t: number;
  readonly eventId: string;
  readonly value: T;
}

/** All that a visit says of its events, each value with the event that it comes from. */
export interface StampedValues {
  readonly profile: Stamped<string> | null;
  readonly source: Stamped<string> | null;
  readonly entry: Stamped<{ readonly page: string; readonly referrer: string | null }> | null;
  readonly exit: Stamped<string> | null;
  readonly utm: Stamped<Utm> | null;
  /** In the order of `NAMED`; 8 long. */
  readonly named: readonly (Stamped<string> | null)[];
  /** All entries. */
  readonly context: readonly StampedEntry[];
}

type StampedEntry = readonly [key: string, value: Stamped<Json>];

/** In a form that hides how a visit holds them: for stores and tests, not for the fold. */
export function stampedValues(visit: Visit): StampedValues {
  const { entryPage, referrer } = visit;
  const stamped = <T>(value: T | null, stamp: number): Stamped<T> | null =>
    value === null || stamp === NO_STAMP ? null : { ...stampOf(visit, stamp), value };
  return {
    profile: stamped(visit.profileId, visit.profileStamp),
    source: stamped(visit.sourceId, visit.sourceStamp),
    entry: stamped(entryPage === null ? null : { page: entryPage, referrer }, visit.entryStamp),
    exit: stamped(visit.exitPage, visit.exitStamp),
    utm: stamped(visit.utm, visit.utmStamp),
    named: visit.named.map((value, i) => stamped(value, visit.namedStampAt(i))),
    context: stampedContext(visit),
  };
}

function stampOf(visit: Visit, stamp: number): { readonly t: number; readonly eventId: string } {
  return { t: visit.stampTime(stamp), eventId: visit.readStampId(stamp, id).toString() };
}

function stampedContext(visit: Visit): StampedEntry[] {
  const entries: StampedEntry[] = [];
  for (walk.begin(visit); walk.next(); ) {
    const [key, value] = walk.entry;
    entries.push([key, { ...stampOf(visit, visit.contextStampAt(walk.place)), value }]);
  }
  return entries;
}

/** Sets what `stampedValues` reads. */
export function restoreValues(visit: Visit, values: StampedValues): void {
  const made = new Map<string, number>();
  const restored = (from: Stamped<unknown> | null): number => {
    if (from === null) return NO_STAMP;
    const key = `${from.t} ${from.eventId}`;
    const stamp = made.get(key) ?? visit.addStamp(from.t, id.set(from.eventId));
    made.set(key, stamp);
    return stamp;
  };
  const { profile, source, entry, exit, utm } = values;
  visit.profileId = profile?.value ?? null;
  visit.profileStamp = restored(profile);
  visit.sourceId = source?.value ?? null;
  visit.sourceStamp = restored(source);
  visit.entryPage = entry?.value.page ?? null;
  visit.referrer = entry?.value.referrer ?? null;
  visit.entryStamp = restored(entry);
  visit.exitPage = exit?.value ?? null;
  visit.exitStamp = restored(exit);
  visit.utm = utm?.value ?? null;
  visit.utmStamp = restored(utm);
  visit.named = values.named.map((each) => each?.value ?? null);
  visit.setNamedStamps(values.named.map(restored));
  Object.assign(visit, contextParts(values.context.map(([key, { value }]) => [key, value])));
  const all = new Map(values.context.map(([key, each]) => [key, restored(each)]));
  visit.contextPageStamp = all.get(PAGE_KEY) ?? NO_STAMP;
  visit.contextUtmStamp = all.get(UTM_KEY) ?? NO_STAMP;
  visit.setContextStamps(visit.context.map(([key]) => all.get(key)!));
}

const id = new EventId();
const walk = new ContextWalk();
