import type { ContextEntry } from '../rules/event.ts';
import type { Rules } from '../rules/rules.ts';
import { PackedId } from './event-ids.ts';
import type { FreshEvents } from './fresh-events.ts';
import { prefetched } from './prefetch.ts';
import { NO_STAMP } from './stamps.ts';
import { takeValues, takeValuesOf } from './values.gen.ts';
import { NO_NAMES, type Visit } from './visit.ts';

/**
 * How a visit's values take its events, or another visit.
 *
 * Invariant: the result does not depend on the order in which events are taken: first and last values carry the event
 * that they come from. If one did not, a replay after an amendment would differ from what was published. That is also
 * why it does not matter when they are taken, as long as they are before anybody reads the values.
 */

/** Adds all fresh events that the visit's values have not taken yet. */
export function takeEvents(rules: Rules, visit: Visit, fresh: FreshEvents): void {
  let left = fresh.untaken(visit);
  if (left === 0) return;
  let stamp = visit.extendStamps(left);
  const first = fresh.untakenFirst(visit);
  if (left > 1) prefetched(fresh.prefetchFrom(first, left));
  for (let i = first; left > 0; left--, stamp++, i = fresh.after(i)) {
    visit.setStamp(stamp, fresh.timeAt(i), fresh.readId(i, id));
    takeEvent(rules, visit, fresh, i, stamp);
    fresh.wasTaken(i);
  }
  fresh.allTaken(visit);
}

const id = new PackedId();

function takeEvent(rules: Rules, visit: Visit, fresh: FreshEvents, i: number, stamp: number): void {
  const type = fresh.typeAt(i);
  if (rules.pageViewTypes.has(type)) visit.pageViewCount += 1;
  visit.types = visit.types.plus(type, 1);

  takeValues(visit, fresh, i, stamp);
  const named = fresh.namedAt(i);
  if (named !== null) takeNamed(visit, named, stamp);
  const contextPage = fresh.contextPageAt(i);
  if (contextPage !== null && visit.comesAfter(stamp, visit.contextPageStamp)) {
    visit.contextPage = contextPage;
    visit.contextPageStamp = stamp;
  }
  const contextUtm = fresh.contextUtmAt(i);
  if (contextUtm !== null && visit.comesAfter(stamp, visit.contextUtmStamp)) {
    visit.contextUtm = contextUtm;
    visit.contextUtmStamp = stamp;
  }
  takeContext(visit, fresh.contextAt(i), stamp);
}

function takeNamed(visit: Visit, named: readonly (string | null)[], stamp: number): void {
  const { namedStamp, namedStamps } = visit;
  if (namedStamp === NO_STAMP && namedStamps === null) {
    visit.named = named;
    visit.namedStamp = stamp;
    return;
  }
  if (named === visit.named && namedStamps === null) {
    if (visit.comesBefore(stamp, namedStamp)) visit.namedStamp = stamp;
    return;
  }
  // What the first event named is most often all that is ever named: nothing to do where nothing is earlier or new.
  let own: { values: (string | null)[]; stamps: number[] } | null = null;
  for (let i = 0; i < NO_NAMES.length; i++) {
    const value = named[i] ?? null;
    if (value === null || !visit.comesBefore(stamp, visit.namedStampAt(i))) continue;
    own ??= ownNamed(visit);
    own.values[i] = value;
    own.stamps[i] = stamp;
  }
}

/** From now on the visit has arrays of its own, with a stamp for each value. */
function ownNamed(visit: Visit): { values: (string | null)[]; stamps: number[] } {
  const stamps = NO_NAMES.map((_, i) => visit.namedStampAt(i));
  const values = NO_NAMES.map((_, i) => visit.named[i] ?? null);
  visit.named = values;
  visit.namedStamps = stamps;
  return { values, stamps };
}

function takeContext(visit: Visit, entries: readonly ContextEntry[], stamp: number): void {
  const { context, contextStamp, contextStamps } = visit;
  // The same object as a rule: then it is not looked into, for it would have to be fetched from memory.
  if (entries === context && contextStamps === null) {
    if (contextStamp !== NO_STAMP && visit.comesAfter(stamp, contextStamp)) visit.contextStamp = stamp;
    return;
  }
  if (entries.length === 0) return;
  if (
    contextStamps === null &&
    (contextStamp === NO_STAMP || (visit.comesAfter(stamp, contextStamp) && namesAll(entries, context)))
  ) {
    visit.context = entries;
    visit.contextStamp = stamp;
    return;
  }
  const own = ownContext(visit);
  for (let i = 0; i < entries.length; i++) writeContext(visit, own, entries[i]!, stamp);
}

/** Whether every key of the context is among the entries. Mostly they are the same keys in the same order. */
function namesAll(entries: readonly ContextEntry[], context: readonly ContextEntry[]): boolean {
  if (context.length > entries.length) return false;
  for (let i = 0, j = 0; i < context.length; i++, j++) {
    const entry = context[i]!;
    // Often the same object: then neither has to be looked into.
    while (j < entries.length && entries[j] !== entry && entries[j]![0] !== entry[0]) j++;
    if (j === entries.length) return false;
  }
  return true;
}

interface OwnContext {
  readonly entries: ContextEntry[];
  readonly stamps: number[];
}

function ownContext(visit: Visit): OwnContext {
  const { contextStamps } = visit;
  if (contextStamps !== null) return { entries: visit.context as ContextEntry[], stamps: contextStamps };
  const stamps = visit.context.map(() => visit.contextStamp);
  const entries = [...visit.context];
  visit.context = entries;
  visit.contextStamps = stamps;
  return { entries, stamps };
}

function writeContext(visit: Visit, own: OwnContext, entry: ContextEntry, stamp: number): void {
  const { entries } = own;
  const key = entry[0];
  let i = 0;
  while (i < entries.length && entries[i]![0] !== key) i++;
  if (i < entries.length && !visit.comesAfter(stamp, own.stamps[i]!)) return;
  entries[i] = entry;
  own.stamps[i] = stamp;
}

/** Adds all that `other` is and says to `visit`. Both have taken all their events; `other` is of no use afterwards. */
export function takeVisit(visit: Visit, other: Visit, fresh: FreshEvents): void {
  visit.startedAt = Math.min(visit.startedAt, other.startedAt);
  visit.lastEventAt = Math.max(visit.lastEventAt, other.lastEventAt);
  visit.lastArrival = Math.max(visit.lastArrival, other.lastArrival);
  visit.eventCount += other.eventCount;
  visit.pageViewCount += other.pageViewCount;
  visit.lateEventCount += other.lateEventCount;
  for (const [type, count] of other.types) visit.types = visit.types.plus(type, count);
  if (other.mayBeLarge) visit.mayBeLarge = true;
  const first = visit.takeStamps(other);
  const here = (stamp: number): number => (stamp === NO_STAMP ? NO_STAMP : first + stamp);
  fresh.move(other, visit);

  takeValuesOf(visit, other, here);
  const named = ownNamed(visit);
  for (let i = 0; i < NO_NAMES.length; i++) {
    const stamp = here(other.namedStampAt(i));
    if (stamp === NO_STAMP || !visit.comesBefore(stamp, named.stamps[i]!)) continue;
    named.values[i] = other.named[i]!;
    named.stamps[i] = stamp;
  }
  const contextPageStamp = here(other.contextPageStamp);
  if (contextPageStamp !== NO_STAMP && visit.comesAfter(contextPageStamp, visit.contextPageStamp)) {
    visit.contextPage = other.contextPage;
    visit.contextPageStamp = contextPageStamp;
  }
  const contextUtmStamp = here(other.contextUtmStamp);
  if (contextUtmStamp !== NO_STAMP && visit.comesAfter(contextUtmStamp, visit.contextUtmStamp)) {
    visit.contextUtm = other.contextUtm;
    visit.contextUtmStamp = contextUtmStamp;
  }
  const context = ownContext(visit);
  for (let i = 0; i < other.context.length; i++) {
    writeContext(visit, context, other.context[i]!, here(other.contextStampAt(i)));
  }
}
