import { ContextWalk, contextParts, PAGE_KEY, UTM_KEY } from '../rules/context.ts';
import type { Json } from '../rules/event.ts';
import { VALUE_GROUPS } from '../rules/values.ts';
import type { VisitValues } from '../rules/visit-values.gen.ts';
import { PackedId } from './event-ids.ts';
import { NO_STAMP } from './stamps.ts';
import type { Visit } from './visit.ts';

/** The event that a value comes from. */
export interface Origin {
  readonly t: number;
  readonly eventId: string;
}

type GroupName = (typeof VALUE_GROUPS)[number]['name'];

/** All that a visit says of its events, and from which event each of it comes. */
export interface StampedValues extends VisitValues {
  /** null: there is no value. */
  readonly from: { readonly [group in GroupName]: Origin | null } & {
    /** In the order of `NAMED_VALUES`. */
    readonly named: readonly (Origin | null)[];
  };
  /** All entries. */
  readonly context: readonly StampedEntry[];
}

type StampedEntry = readonly [key: string, value: Origin & { readonly value: Json }];

/** In a form that hides how a visit holds them: for stores and tests, not for the fold. */
export function stampedValues(visit: Visit): StampedValues {
  const origin = (stamp: number): Origin | null => (stamp === NO_STAMP ? null : stampOf(visit, stamp));
  const names = VALUE_GROUPS.flatMap(({ values }) => values.map(({ name }) => name));
  const values = Object.fromEntries(names.map((name) => [name, visit[name]])) as unknown as VisitValues;
  const from = Object.fromEntries(VALUE_GROUPS.map(({ name }) => [name, origin(visit[`${name}Stamp`])]));
  return {
    ...values,
    named: [...visit.named],
    from: {
      ...from,
      named: visit.named.map((_, i) => origin(visit.namedStampAt(i))),
    } as unknown as StampedValues['from'],
    context: stampedContext(visit),
  };
}

function stampOf(visit: Visit, stamp: number): Origin {
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
  const restored = (from: Origin | null): number => {
    if (from === null) return NO_STAMP;
    const key = `${from.t} ${from.eventId}`;
    const stamp = made.get(key) ?? visit.addStamp(from.t, id.set(from.eventId));
    made.set(key, stamp);
    return stamp;
  };
  for (const { name, values: members } of VALUE_GROUPS) {
    for (const member of members) Object.assign(visit, { [member.name]: values[member.name] });
    visit[`${name}Stamp`] = restored(values.from[name]);
  }
  visit.named = [...values.named];
  visit.setNamedStamps(values.from.named.map(restored));
  Object.assign(visit, contextParts(values.context.map(([key, { value }]) => [key, value])));
  const all = new Map(values.context.map(([key, each]) => [key, restored(each)]));
  visit.contextPageStamp = all.get(PAGE_KEY) ?? NO_STAMP;
  visit.contextUtmStamp = all.get(UTM_KEY) ?? NO_STAMP;
  visit.setContextStamps(visit.context.map(([key]) => all.get(key)!));
}

const id = new PackedId();
const walk = new ContextWalk();
