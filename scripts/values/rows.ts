import { NAMED_VALUES } from '../../src/core/rules/values.ts';
import { columnsOf, GROUPS, quoted, snake, typeOf, VALUES } from './names.ts';

/** `postgres/values.gen.ts`: the values in a visit's row and in its stored state. */
export function rowsFile(): string {
  const texts = VALUES.filter(({ parts }) => parts !== null);
  return `
import type { Visit } from '../core/memory/visit.ts';
import { NO_EVENT } from '../core/memory/event-refs.ts';
import type { Utm } from '../core/rules/event.ts';
import type { CopyRows } from './copy.ts';
import type { RowReader } from './row.ts';
import { textFields } from './text-fields.ts';

/** Columns of open_visit and ended_visit, in the order in which \`writeValues\` and \`readValues\` have them. */
export const VALUE_COLUMNS = [
${[...VALUES.flatMap(columnsOf), ...NAMED_VALUES.map(({ name }) => snake(name))].map((name) => `  ${quoted(name)},`).join('\n')}
] as const;

${texts.map(({ name, parts }) => `const NO_${name.toUpperCase()}: readonly null[] = [${parts!.map(() => 'null').join(', ')}];`).join('\n')}

export function writeValues(rows: CopyRows, visit: Visit): void {
${VALUES.map(({ name, parts }) =>
  parts === null
    ? `  rows.text(visit.${name});`
    : `  rows.encoded(${parts.length}, textFields(visit.${name} ?? NO_${name.toUpperCase()}));`,
).join('\n')}
  rows.encoded(visit.named.length, textFields(visit.named));
}

/** The values as the columns hold them. */
export interface RowValues {
${VALUES.map((value) => `  readonly ${value.name}: ${value.parts === null ? typeOf(value) : 'Utm'};`).join('\n')}
  readonly named: readonly (string | null)[];
}

export function readValues(row: RowReader): RowValues {
  return {
${VALUES.map(({ name, parts, isOwn }) =>
  parts === null
    ? `    ${name}: row.${isOwn ? 'optionalText' : 'sharedText'}(),`
    : `    ${name}: row.sharedTexts(${parts.length}) as unknown as Utm,`,
).join('\n')}
    named: row.sharedTexts(${NAMED_VALUES.length}),
  };
}

/** Refs that stand in the stored state before those of what is named. */
export const GROUPS = ${GROUPS.length};

/** @param use is given each in order. */
export function numberRefs(numbering: { number(ref: number): void }, visit: Visit): void {
${GROUPS.map(({ ref }) => `  numbering.number(visit.${ref});`).join('\n')}
}

/** Sets values and refs. @param input has, for each of the first \`count\` refs in order, its number + 1. */
export function restoreGroups(input: { varint(): number }, count: number, values: RowValues, visit: Visit): void {
${GROUPS.map(({ ref, values }, i) =>
  [
    `  if (count > ${i}) visit.${ref} = input.varint() - 1;`,
    ...values.map(({ name, parts }) =>
      parts === null
        ? `  visit.${name} = values.${name};`
        : `  visit.${name} = visit.${ref} === NO_EVENT ? null : values.${name};`,
    ),
  ].join('\n'),
).join('\n')}
}
`;
}
