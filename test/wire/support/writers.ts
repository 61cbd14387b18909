/** Producers whose schemas differ from ours in the ways that Avro's resolution allows, and what they write. */
import avsc from 'avsc';
import { TRACK_EVENT_SCHEMA } from '../../../src/wire/schemas.ts';
import { type Dice, pick, shuffled, whole } from '../../simulator/dice.ts';

type Field = { readonly name: string; readonly type: unknown };
type RecordSchema = { readonly type: 'record'; readonly name: string; readonly fields: readonly Field[] };
type Fields = { readonly [name: string]: unknown };
/** From a value of our schema, or null, to one of the writer's. */
type Convert = (value: unknown) => unknown;
interface Evolved {
  readonly type: unknown;
  readonly convert: Convert;
}

export interface Writer {
  /** As JSON text. */
  readonly schema: string;
  /** The event in this writer's Avro, without the five bytes before it. */
  write(event: Fields): Buffer;
}

const SCHEMA = JSON.parse(TRACK_EVENT_SCHEMA) as RecordSchema;
const NEEDED = ['event_id', 'session_id', 'type', 'occurred_at'];

/** Our own. */
export const OURS = writerOf({ type: SCHEMA, convert: (event) => event });

/** Our own with one field behind all others. */
export function endingWith(name: string): Writer {
  const others = SCHEMA.fields.filter((field) => field.name !== name);
  const last = SCHEMA.fields.filter((field) => field.name === name);
  return writerOf({ type: { ...SCHEMA, fields: [...others, ...last] }, convert: (event) => event });
}

/** Our own with these fields of the context only, in this order. */
export function withContext(...names: string[]): Writer {
  const fields = SCHEMA.fields.map((field) => {
    if (field.name !== 'context') return field;
    const context = (field.type as readonly RecordSchema[])[1]!;
    const ordered = names.map((name) => context.fields.find((each) => each.name === name)!);
    return { ...field, type: ['null', { ...context, fields: ordered }] };
  });
  return writerOf({ type: { ...SCHEMA, fields }, convert: (event) => event });
}

/** Another by chance. Fields that it adds are filled by chance as well. */
export function evolved(draw: Dice): Writer {
  const { type, convert } = evolvedRecord(SCHEMA, draw, NEEDED);
  const namespace = pick(draw, ['tidemark.v1', 'com.shop', 'x']);
  return writerOf({ type: { ...(type as object), namespace }, convert });
}

/** Of types that our schema has not, and some that it has, with values. */
const ADDED: readonly { readonly type: unknown; readonly values: readonly unknown[] }[] = [
  { type: 'string', values: ['', 'x', 'added', 'y'.repeat(600)] },
  { type: 'long', values: [0, -1, 2 ** 40] },
  { type: 'null', values: [null] },
  { type: 'double', values: [1.5, Number.NaN] },
  { type: ['null', 'string'], values: [null, 'x'] },
  { type: { type: 'array', items: { type: 'map', values: 'int' } }, values: [[], [{ a: 1 }, { b: 2, c: 3 }]] },
];

function evolvedRecord({ fields, ...rest }: RecordSchema, draw: Dice, needed: readonly string[]): Evolved {
  const kept = fields.filter(({ name }) => needed.includes(name) || draw() > 0.1);
  const made = (draw() < 0.5 ? shuffled(draw, kept) : kept).map(({ name, type }) => ({
    name,
    ...evolvedType(type, draw),
  }));
  while (draw() < 0.3) {
    const { type, values } = pick(draw, ADDED);
    const added = { name: `added${made.length}`, type, convert: () => pick(draw, values) };
    made.splice(whole(draw, 0, made.length + 1), 0, added);
  }
  const convert = (value: unknown) =>
    Object.fromEntries(made.map(({ name, convert }) => [name, convert((value as Fields | null)?.[name] ?? null)]));
  return { type: { ...rest, fields: made.map(({ name, type }) => ({ name, type })) }, convert };
}

function evolvedType(type: unknown, draw: Dice): Evolved {
  if (Array.isArray(type)) return evolvedUnion(type[1], draw);
  if (type === 'string') return draw() < 0.15 ? { type: 'bytes', convert: bytesOf } : { type, convert: textOf };
  if (type === 'boolean') return { type, convert: (value) => value === true };
  const { type: name, values } = type as { readonly type: string; readonly values?: unknown };
  if (name === 'record') return evolvedRecord(type as RecordSchema, draw, []);
  if (name === 'map') {
    const inner = values === 'string' ? evolvedType(values, draw) : scalars(draw);
    const convert = (map: unknown) =>
      Object.fromEntries(Object.entries((map ?? {}) as Fields).map(([key, value]) => [key, inner.convert(value)]));
    return { type: { type: 'map', values: inner.type }, convert };
  }
  if (draw() < 0.1) return { type: 'int', convert: (value) => Math.trunc(((value ?? 0) as number) % 2 ** 31) };
  return { type: draw() < 0.5 ? 'long' : type, convert: (value) => value ?? 0 };
}

/** What may be null with us: mostly with the writer too, in either order, or with a branch more. */
function evolvedUnion(type: unknown, draw: Dice): Evolved {
  const some = evolvedType(type, draw);
  const how = draw();
  if (how < 0.1) return some;
  const convert = (value: unknown) => (value === null ? null : some.convert(value));
  if (how < 0.2) return { type: [some.type, 'null'], convert };
  if (how < 0.3 && type === 'string') {
    const either = (value: unknown) => (value !== null && draw() < 0.5 ? bytesOf(value) : value);
    return { type: ['string', 'null', 'bytes'], convert: either };
  }
  return { type: ['null', some.type], convert };
}

/** Branches in another order, numbers of another type. */
function scalars(draw: Dice): Evolved {
  const type = shuffled(draw, ['null', 'boolean', pick(draw, ['double', 'double', 'float']), 'string']);
  return { type, convert: (value) => value };
}

function textOf(value: unknown): string {
  return (value ?? '') as string;
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(textOf(value));
}

function writerOf({ type, convert }: Evolved): Writer {
  const avro = avsc.Type.forSchema(type as avsc.Schema, { wrapUnions: false });
  return { schema: JSON.stringify(type), write: (event) => avro.toBuffer(convert(event)) };
}
