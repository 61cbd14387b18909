import { columnsOf, inMessageOrder, quoted, recordIn, type Shown, schemaOf, shownOf, snake } from './names.ts';

/** `inspect/values.gen.ts`: names of the values, as commands and the console's API have them. */
export function inspectFile(): string {
  const shown = inMessageOrder();
  const together = Map.groupBy(
    shown.filter(({ shownIn }) => shownIn !== null),
    ({ shownIn }) => shownIn,
  );
  return `
/** What a visit says of its events, ids and the pages that lists show apart. */
export interface ShownValues {
${alone(shown)
  .map(([name]) => `  readonly ${name}: string | null;`)
  .join('\n')}
}

/** Columns of the view \`visits\`. */
export const VALUE_COLUMNS: { readonly [name in keyof ShownValues]: string } = {
${alone(shown)
  .map(([name, column]) => `  ${name}: 'v.${column}',`)
  .join('\n')}
};

/** What is shown in one line, by its label. */
export const SHOWN_TOGETHER: readonly (readonly [label: string, names: readonly (keyof ShownValues)[]])[] = [
${[...together]
  .map(
    ([label, all]) =>
      `  ['${label}', [${all
        .flatMap(shownOf)
        .map(([name]) => quoted(name))
        .join(', ')}]],`,
  )
  .join('\n')}
];
`;
}

function alone(shown: readonly Shown[]): (readonly [name: string, column: string])[] {
  return shown
    .filter(({ shownIn }) => shownIn !== null)
    .flatMap((value) => shownOf(value).map(([name], i) => [name, columnsOf(value)[i]!] as const));
}

/** `console/assets/values.gen.js`: what the console's page of a visit shows. */
export function consoleFile(): string {
  return `
/** Fields of a visit and what they are called. */
export const VALUES = [
${inMessageOrder()
  .flatMap(shownOf)
  .map(([name, label]) => `  [${quoted(name)}, ${quoted(label)}],`)
  .join('\n')}
];
`;
}

/** `library/values.gen.ts`: the values as the topics and views have them. */
export function libraryFile(): string {
  const shown = inMessageOrder();
  return `
import type { VisitValues } from '../core/rules/visit-values.gen.ts';

/** What an event says of where it happened. null and what is left out say nothing. */
export interface EventContext {
${contextFields()}
}

/** What a visit says of its events, ids apart, as the view \`visits\` has it. */
export interface ColumnValues {
${shown
  .flatMap(columnsOf)
  .map((column) => `  readonly ${column}: string | null;`)
  .join('\n')}
}

/** The same as the message has it. */
export interface MessageValues {
${shown.map(({ name, parts }) => `  readonly ${snake(name)}: ${parts === null ? 'string' : `{ ${parts.map((part) => `readonly ${part}: string | null`).join('; ')} }`} | null;`).join('\n')}
}

export function columnValues(values: VisitValues): ColumnValues {
  return {
${shown
  .flatMap(({ name, parts, at }) => {
    if (at !== null) return [`    ${snake(name)}: values.named[${at}] ?? null,`];
    if (parts === null) return [`    ${snake(name)}: values.${name},`];
    return parts.map((part, i) => `    ${snake(name)}_${part}: values.${name}?.[${i}] ?? null,`);
  })
  .join('\n')}
  };
}

export function messageValues(values: VisitValues): MessageValues {
  return {
${shown
  .map(({ name, parts, at }) => {
    if (at !== null) return `    ${snake(name)}: values.named[${at}] ?? null,`;
    if (parts === null) return `    ${snake(name)}: values.${name},`;
    return `    ${snake(name)}: values.${name} && { ${parts.map((part, i) => `${part}: values.${name}[${i}]`).join(', ')} },`;
  })
  .join('\n')}
  };
}
`;
}

function contextFields(): string {
  const fields = recordIn(schemaOf('TrackEvent').find(({ name }) => name === 'context')!.type)!;
  return fields
    .map(({ name, type }) => {
      const record = recordIn(type);
      const keys = record?.map((key) => `readonly ${key.name}?: string | null | undefined`).join('; ');
      const is = record
        ? `{ ${keys} }`
        : JSON.stringify(type).includes('map')
          ? '{ readonly [key: string]: string }'
          : 'string';
      return `  readonly ${name}?: ${is} | null | undefined;`;
    })
    .join('\n');
}
