import type { ContextEntry } from '../rules/event.ts';
import type { Rules } from '../rules/rules.ts';
import { PackedId } from './event-ids.ts';
import { NO_EVENT } from './event-refs.ts';
import type { PendingEvents } from './pending-events.ts';
import { prefetched } from './prefetch.ts';
import { absorbValues, applyValues } from './values.gen.ts';
import { NOTHING_NAMED, type Visit } from './visit.ts';

/**
 * How events are applied to a visit's values, and how a visit absorbs another.
 *
 * Invariant: the result does not depend on the order in which events are applied: first and last values carry the event
 * that they come from. If one did not, a replay after an amendment would differ from what was published. So it does not
 * matter when they are applied, as long as that is before the values are read.
 */

/** Applies all of the visit's pending events that are not applied yet. */
export function applyEvents(rules: Rules, visit: Visit, pending: PendingEvents): void {
  let left = pending.unapplied(visit);
  if (left === 0) return;
  let ref = visit.extendRefs(left);
  const first = pending.firstUnapplied(visit);
  if (left > 1) prefetched(pending.prefetchFrom(first, left));
  for (let i = first; left > 0; left--, ref++, i = pending.after(i)) {
    visit.setRef(ref, pending.timeAt(i), pending.readId(i, id));
    applyEvent(rules, visit, pending, i, ref);
    pending.dropApplied(i);
  }
  pending.markApplied(visit);
}

const id = new PackedId();

function applyEvent(rules: Rules, visit: Visit, pending: PendingEvents, i: number, ref: number): void {
  const type = pending.typeAt(i);
  if (rules.pageViewTypes.has(type)) visit.pageViewCount += 1;
  visit.types = visit.types.plus(type, 1);

  applyValues(visit, pending, i, ref);
  const named = pending.namedAt(i);
  if (named !== null) applyNamed(visit, named, ref);
  const contextPage = pending.contextPageAt(i);
  if (contextPage !== null && visit.comesAfter(ref, visit.contextPageRef)) {
    visit.contextPage = contextPage;
    visit.contextPageRef = ref;
  }
  const contextUtm = pending.contextUtmAt(i);
  if (contextUtm !== null && visit.comesAfter(ref, visit.contextUtmRef)) {
    visit.contextUtm = contextUtm;
    visit.contextUtmRef = ref;
  }
  applyContext(visit, pending.contextAt(i), ref);
}

function applyNamed(visit: Visit, named: readonly (string | null)[], ref: number): void {
  const { namedRef, namedRefs } = visit;
  if (namedRef === NO_EVENT && namedRefs === null) {
    visit.named = named;
    visit.namedRef = ref;
    return;
  }
  if (named === visit.named && namedRefs === null) {
    if (visit.comesBefore(ref, namedRef)) visit.namedRef = ref;
    return;
  }
  // The first event most often names all that is ever named, so there is nothing to do unless a value is earlier or new.
  let own: { values: (string | null)[]; refs: number[] } | null = null;
  for (let i = 0; i < NOTHING_NAMED.length; i++) {
    const value = named[i] ?? null;
    if (value === null || !visit.comesBefore(ref, visit.namedRefAt(i))) continue;
    own ??= withOwnNamed(visit);
    own.values[i] = value;
    own.refs[i] = ref;
  }
}

/** From now on the visit has arrays of its own, with a ref for each value. */
function withOwnNamed(visit: Visit): { values: (string | null)[]; refs: number[] } {
  const refs = NOTHING_NAMED.map((_, i) => visit.namedRefAt(i));
  const values = NOTHING_NAMED.map((_, i) => visit.named[i] ?? null);
  visit.named = values;
  visit.namedRefs = refs;
  return { values, refs };
}

function applyContext(visit: Visit, entries: readonly ContextEntry[], ref: number): void {
  const { context, contextRef, contextRefs } = visit;
  // It is the same object as a rule, and is not looked into then, because it would have to be fetched from memory.
  if (entries === context && contextRefs === null) {
    if (contextRef !== NO_EVENT && visit.comesAfter(ref, contextRef)) visit.contextRef = ref;
    return;
  }
  if (entries.length === 0) return;
  if (
    contextRefs === null &&
    (contextRef === NO_EVENT || (visit.comesAfter(ref, contextRef) && namesAll(entries, context)))
  ) {
    visit.context = entries;
    visit.contextRef = ref;
    return;
  }
  const own = withOwnContext(visit);
  for (let i = 0; i < entries.length; i++) writeContext(visit, own, entries[i]!, ref);
}

/** Whether every key of the context is among the entries. Mostly they are the same keys in the same order. */
function namesAll(entries: readonly ContextEntry[], context: readonly ContextEntry[]): boolean {
  if (context.length > entries.length) return false;
  for (let i = 0, j = 0; i < context.length; i++, j++) {
    const entry = context[i]!;
    // They are often the same object, and neither has to be looked into then.
    while (j < entries.length && entries[j] !== entry && entries[j]![0] !== entry[0]) j++;
    if (j === entries.length) return false;
  }
  return true;
}

interface OwnContext {
  readonly entries: ContextEntry[];
  readonly refs: number[];
}

function withOwnContext(visit: Visit): OwnContext {
  const { contextRefs } = visit;
  if (contextRefs !== null) return { entries: visit.context as ContextEntry[], refs: contextRefs };
  const refs = visit.context.map(() => visit.contextRef);
  const entries = [...visit.context];
  visit.context = entries;
  visit.contextRefs = refs;
  return { entries, refs };
}

function writeContext(visit: Visit, own: OwnContext, entry: ContextEntry, ref: number): void {
  const { entries } = own;
  const key = entry[0];
  let i = 0;
  while (i < entries.length && entries[i]![0] !== key) i++;
  if (i < entries.length && !visit.comesAfter(ref, own.refs[i]!)) return;
  entries[i] = entry;
  own.refs[i] = ref;
}

/** Adds all of `other` to `visit`. All events of both are applied; `other` is of no use afterwards. */
export function absorb(visit: Visit, other: Visit, pending: PendingEvents): void {
  visit.startedAt = Math.min(visit.startedAt, other.startedAt);
  visit.lastEventAt = Math.max(visit.lastEventAt, other.lastEventAt);
  visit.lastArrival = Math.max(visit.lastArrival, other.lastArrival);
  visit.eventCount += other.eventCount;
  visit.pageViewCount += other.pageViewCount;
  visit.lateEventCount += other.lateEventCount;
  for (const [type, count] of other.types) visit.types = visit.types.plus(type, count);
  if (other.mayBeLarge) visit.mayBeLarge = true;
  const first = visit.absorbRefs(other);
  const here = (ref: number): number => (ref === NO_EVENT ? NO_EVENT : first + ref);
  pending.move(other, visit);

  absorbValues(visit, other, here);
  const named = withOwnNamed(visit);
  for (let i = 0; i < NOTHING_NAMED.length; i++) {
    const ref = here(other.namedRefAt(i));
    if (ref === NO_EVENT || !visit.comesBefore(ref, named.refs[i]!)) continue;
    named.values[i] = other.named[i]!;
    named.refs[i] = ref;
  }
  const contextPageRef = here(other.contextPageRef);
  if (contextPageRef !== NO_EVENT && visit.comesAfter(contextPageRef, visit.contextPageRef)) {
    visit.contextPage = other.contextPage;
    visit.contextPageRef = contextPageRef;
  }
  const contextUtmRef = here(other.contextUtmRef);
  if (contextUtmRef !== NO_EVENT && visit.comesAfter(contextUtmRef, visit.contextUtmRef)) {
    visit.contextUtm = other.contextUtm;
    visit.contextUtmRef = contextUtmRef;
  }
  const context = withOwnContext(visit);
  for (let i = 0; i < other.context.length; i++) {
    writeContext(visit, context, other.context[i]!, here(other.contextRefAt(i)));
  }
}
