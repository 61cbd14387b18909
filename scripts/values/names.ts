/** What the writers of `npm run values` know of the declaration and the two schemas. */
import { readFileSync } from 'node:fs';
import { NAMED_VALUES, TEXT_BYTES, VALUE_GROUPS } from '../../src/core/rules/values.ts';

export const GROUPS = VALUE_GROUPS.map((group) => ({
  ...group,
  ref: `${group.name}Ref`,
  comes: group.pick === 'first' ? 'comesBefore' : 'comesAfter',
  values: group.values.map((value) => {
    const { name, of, label, bound } = value;
    const parts: readonly string[] | null = 'parts' in value ? value.parts : null;
    const shownIn: string | null = 'shownIn' in value ? value.shownIn : null;
    return { name, of, label, bound, parts, shownIn, isOwn: 'isOwn' in value && value.isOwn };
  }),
}));

export const VALUES = GROUPS.flatMap(({ values }) => values);
export type Value = (typeof VALUES)[number];

/** Fields of `TrackEvent` that values are, each once. */
export const TAKEN = [...new Map(VALUES.map((value) => [value.of, value])).values()];

export const isLong = ({ bound }: { readonly bound: number }): boolean => bound >= TEXT_BYTES;

export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function camel(name: string): string {
  return name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

export const capital = (name: string): string => name[0]!.toUpperCase() + name.slice(1);
export const constant = (name: string): string => snake(name).toUpperCase();
export const quoted = (text: string): string => JSON.stringify(text);

/** Columns of a value. */
export function columnsOf({ name, parts }: Pick<Shown, 'name' | 'parts'>): readonly string[] {
  return parts === null ? [snake(name)] : parts.map((part) => `${snake(name)}_${part}`);
}

export const typeOf = ({ parts }: Value): string => (parts === null ? 'string | null' : 'Utm | null');

/** Names and labels of a value, or of its parts, as commands and the console have them. */
export function shownOf({
  name,
  label,
  parts,
}: Pick<Shown, 'name' | 'label' | 'parts'>): readonly (readonly [name: string, label: string])[] {
  return parts === null ? [[name, label]] : parts.map((part) => [`${name}${capital(part)}`, `${label} ${part}`]);
}

// --------------------------------------------------------------------------------------------------------- schemas

export type Schema = string | readonly Schema[] | { readonly type: Schema; readonly [key: string]: unknown };
export interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly doc?: string;
}

export function schemaOf(name: string): readonly Field[] {
  return JSON.parse(readFileSync(new URL(`../../schemas/${name}.avsc`, import.meta.url), 'utf8')).fields;
}

/** The fields of a record, which may be null. */
export function recordIn(type: Schema): readonly Field[] | null {
  const record = Array.isArray(type) ? type.find((branch) => branch !== 'null') : type;
  const { type: kind, fields } = record as { type?: string; fields?: readonly Field[] };
  return kind === 'record' ? fields! : null;
}

/** Values that are no ids, and what is named, in the order of the message: that in which people see them. */
export function inMessageOrder(): readonly Shown[] {
  const order = schemaOf('VisitEnded').map(({ name }) => name);
  const all: Shown[] = [
    ...VALUES.filter(isLong).map((value) => ({ ...value, at: null })),
    ...NAMED_VALUES.map((value, at) => ({ ...value, parts: null, at })),
  ];
  return all.sort((a, b) => order.indexOf(snake(a.name)) - order.indexOf(snake(b.name)));
}

export interface Shown {
  readonly name: string;
  readonly label: string;
  readonly parts: readonly string[] | null;
  readonly shownIn: string | null;
  /** Index in `named`; null: it is a field of its own. */
  readonly at: number | null;
}

/** Fails where the declaration and the schemas disagree, with what to do. */
export function check(): void {
  const message = schemaOf('VisitEnded').map(({ name }) => name);
  const wanted = [...VALUES.map(({ name }) => snake(name)), ...NAMED_VALUES.map(({ name }) => snake(name))];
  for (const name of wanted) {
    if (!message.includes(name))
      throw new Error(`schemas/VisitEnded.avsc has no field ${name}: add it, null by default`);
  }
  const context = recordIn(schemaOf('TrackEvent').find(({ name }) => name === 'context')!.type)!;
  for (const { name, of } of NAMED_VALUES) {
    const [field, key]: readonly (string | undefined)[] = of;
    const found = context.find((each) => each.name === field);
    const isThere = key === undefined ? found : found && recordIn(found.type)?.some((each) => each.name === key);
    if (!isThere) throw new Error(`schemas/TrackEvent.avsc has no context.${of.join('.')}, which ${name} is: add it`);
  }
}
