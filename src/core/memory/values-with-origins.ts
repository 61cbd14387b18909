import { ContextWalk, contextParts, PAGE_KEY, UTM_KEY } from '../rules/context.ts';
import type { Json } from '../rules/event.ts';
import { VALUE_GROUPS } from '../rules/values.ts';
import type { VisitValues } from '../rules/visit-values.gen.ts';
import { PackedId } from './event-ids.ts';
import { NO_EVENT } from './event-refs.ts';
import type { Visit } from './visit.ts';

/** The event that a value comes from. */
export interface Origin {
  readonly t: number;
  readonly eventId: string;
}

type GroupName = (typeof VALUE_GROUPS)[number]['name'];

/** All values of a visit, and the event that each comes from. */
export interface ValuesWithOrigins extends VisitValues {
  /** null: there is no value. */
  readonly from: { readonly [group in GroupName]: Origin | null } & {
    /** In the order of `NAMED_VALUES`. */
    readonly named: readonly (Origin | null)[];
  };
  /** All entries. */
  readonly context: readonly EntryWithOrigin[];
}

type EntryWithOrigin = readonly [key: string, value: Origin & { readonly value: Json }];

/** In a form that hides how a visit holds them: for stores and tests, not for the fold. */
export function valuesWithOrigins(visit: Visit): ValuesWithOrigins {
  const origin = (ref: number): Origin | null => (ref === NO_EVENT ? null : originOf(visit, ref));
  const names = VALUE_GROUPS.flatMap(({ values }) => values.map(({ name }) => name));
  const values = Object.fromEntries(names.map((name) => [name, visit[name]])) as unknown as VisitValues;
  const from = Object.fromEntries(VALUE_GROUPS.map(({ name }) => [name, origin(visit[`${name}Ref`])]));
  return {
    ...values,
    named: [...visit.named],
    from: {
      ...from,
      named: visit.named.map((_, i) => origin(visit.namedRefAt(i))),
    } as unknown as ValuesWithOrigins['from'],
    context: contextWithOrigins(visit),
  };
}

function originOf(visit: Visit, ref: number): Origin {
  return { t: visit.refTime(ref), eventId: visit.readRefId(ref, id).toString() };
}

function contextWithOrigins(visit: Visit): EntryWithOrigin[] {
  const entries: EntryWithOrigin[] = [];
  for (walk.begin(visit); walk.next(); ) {
    const [key, value] = walk.entry;
    entries.push([key, { ...originOf(visit, visit.contextRefAt(walk.place)), value }]);
  }
  return entries;
}

/** Sets what `valuesWithOrigins` reads. */
export function restoreValues(visit: Visit, values: ValuesWithOrigins): void {
  const refs = new Map<string, number>();
  const restored = (from: Origin | null): number => {
    if (from === null) return NO_EVENT;
    const key = `${from.t} ${from.eventId}`;
    const ref = refs.get(key) ?? visit.addRef(from.t, id.set(from.eventId));
    refs.set(key, ref);
    return ref;
  };
  for (const { name, values: members } of VALUE_GROUPS) {
    for (const member of members) Object.assign(visit, { [member.name]: values[member.name] });
    visit[`${name}Ref`] = restored(values.from[name]);
  }
  visit.named = [...values.named];
  visit.setNamedRefs(values.from.named.map(restored));
  Object.assign(visit, contextParts(values.context.map(([key, { value }]) => [key, value])));
  const all = new Map(values.context.map(([key, each]) => [key, restored(each)]));
  visit.contextPageRef = all.get(PAGE_KEY) ?? NO_EVENT;
  visit.contextUtmRef = all.get(UTM_KEY) ?? NO_EVENT;
  visit.setContextRefs(visit.context.map(([key]) => all.get(key)!));
}

const id = new PackedId();
const walk = new ContextWalk();
