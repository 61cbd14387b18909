import { NAMED_VALUES } from '../../src/core/rules/values.ts';
import { camel, GROUPS, isLong, schemaOf, snake, VALUES } from './names.ts';

/** `core/memory/values.gen.ts`: how the values of a visit take an event or another visit, and how large they are. */
export function foldingFile(): string {
  return `
import type { Visit } from './visit.ts';
import { NO_EVENT } from './event-refs.ts';
import type { PendingEvents } from './pending-events.ts';

/** Takes event \`i\`, whose ref is given. What is named and the context apart. */
export function applyValues(visit: Visit, pending: PendingEvents, i: number, ref: number): void {
${[...new Set(GROUPS.map(({ when }) => when))].map((when) => `  const ${when} = pending.${when}At(i);`).join('\n')}
${GROUPS.map(
  ({ when, comes, ref, values }) => `  if (${when} !== null && visit.${comes}(ref, visit.${ref})) {
${values.map(({ name, of }) => `    visit.${name} = ${of === when ? when : `pending.${of}At(i)`};`).join('\n')}
    visit.${ref} = ref;
  }`,
).join('\n')}
}

/** Takes those of another visit. What is named and the context apart. @param here what a ref of the other is here. */
export function absorbValues(visit: Visit, other: Visit, here: (ref: number) => number): void {
${GROUPS.map(
  ({ comes, ref, values }) => `  const ${ref} = here(other.${ref});
  if (${ref} !== NO_EVENT && visit.${comes}(${ref}, visit.${ref})) {
${values.map(({ name }) => `    visit.${name} = other.${name};`).join('\n')}
    visit.${ref} = ${ref};
  }`,
).join('\n')}
}

/** UTF-16 units of those that may be long. */
export function longUnits({ ${VALUES.filter(isLong)
    .map(({ name }) => name)
    .join(', ')} }: Visit): number {
  let units = 0;
${VALUES.filter(isLong)
  .map(({ name, parts }) =>
    parts === null
      ? `  if (${name} !== null) units += ${name}.length;`
      : `  if (${name} !== null) for (let i = 0; i < ${name}.length; i++) units += ${name}[i]?.length ?? 0;`,
  )
  .join('\n')}
  return units;
}
`;
}

/** `core/rules/visit-values.gen.ts`: the values as plain fields. */
export function valuesFile(): string {
  return `
import type { Utm } from './event.ts';

/** The values of \`VALUE_GROUPS\`, and what is named, in the order of \`NAMED_VALUES\`. */
export interface VisitValues {
${GROUPS.flatMap(({ pick, when, values }) =>
  values.map(
    ({ name, of, parts }) =>
      `  /** \`TrackEvent.${of}\` of the ${pick} event ${of === when ? 'that names it' : `with a \`${when}\``}. */\n  readonly ${name}: ${parts === null ? 'string' : 'Utm'} | null;`,
  ),
).join('\n')}
  readonly named: readonly (string | null)[];
}
`;
}

/** Where a field of the message is not the visit's of the same name. */
const OF_MESSAGE: { readonly [field: string]: string } = {
  visit_id: 'visitId: visit.id',
  ended_at: 'endedAt: visit.lastEventAt',
  revision: 'revision: visit.published',
  retracted: 'retracted: head.mergedInto !== null',
  ...Object.fromEntries(
    ['event_id', 'reason', 'merged_into', 'decided_at', 'amendable_until', 'event_types'].map((name) => [
      name,
      `${camel(name)}: head.${camel(name)}`,
    ]),
  ),
  opened_at_offset: 'openedOffset: visit.openedOffset',
};
/** The same in all messages, told by others, or told by the writer. */
const NOT_OF_VISIT = new Set(['type', 'name', 'duration_ms', ...NAMED_VALUES.map(({ name }) => snake(name))]);

/** `core/memory/message.gen.ts`: a visit as its message has it. */
export function messageFile(): string {
  const fields = schemaOf('VisitEnded').filter(({ name }) => !NOT_OF_VISIT.has(name));
  return `
import type { VisitEnded } from '../rules/visit-ended.ts';
import type { Visit } from './visit.ts';

/** What a message has that is not the visit's. */
type Head = Pick<VisitEnded, 'eventId' | 'reason' | 'mergedInto' | 'decidedAt' | 'amendableUntil' | 'eventTypes'>;

/** A copy, for the visit may change before it is sent. */
export function visitEndedFrom(visit: Visit, head: Head): VisitEnded {
  return {
${fields.map(({ name }) => `    ${OF_MESSAGE[name] ?? `${camel(name)}: visit.${camel(name)}`},`).join('\n')}
    // Its own array changes with it.
    named: visit.namedRefs === null ? visit.named : [...visit.named],
  };
}
`;
}
