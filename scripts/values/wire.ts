import { NAMED_VALUES } from '../../src/core/rules/values.ts';
import { camel, type Field, quoted, recordIn, type Schema, schemaOf, snake, VALUES } from './names.ts';

// ------------------------------------------------------------------------------------------- the event's context

/** `wire/context.gen.ts`: the record `context` of `schemas/TrackEvent.avsc`, and what is named in it. */
export function contextFile(): string {
  const fields = recordIn(schemaOf('TrackEvent').find(({ name }) => name === 'context')!.type)!;
  const records = fields.flatMap(({ name, type }) => {
    const record = recordIn(type);
    return record === null ? [] : [{ name, keys: record.map((key) => key.name) }];
  });
  const listed = fields.map(({ name }) => name).filter((name) => name !== 'page' && name !== 'utm');
  const naming = [...new Set(NAMED_VALUES.map(({ of }) => of[0]))];
  return `
import type { TrackEvent } from '../core/rules/event.ts';
import type { Pair } from './pairs.ts';
import type { DecodedMap } from './decoded-map.ts';
import { type JsonObject, textMapOf, textOf, textsOf } from './json-shape.ts';
import { cut } from './text.ts';

type Texts<K extends string> = { readonly [key in K]?: string | null | undefined };

/** Keys of the records in a context. */
export const RECORD_KEYS = {
${records.map(({ name, keys }) => `  ${name}: [${keys.map(quoted).join(', ')}],`).join('\n')}
} as const;

export interface DecodedContext {
${fields.map(({ name, type }) => `  readonly ${name}?: ${decodedType(name, type)} | null | undefined;`).join('\n')}
}

/** Its fields that are texts. */
export const TEXT_FIELDS = [${fields
    .filter(({ type }) => isText(type))
    .map(({ name }) => quoted(name))
    .join(', ')}] as const;

/** Its fields but page and utm, in the order of their UTF-8 bytes: that of \`TrackEvent.context\`. */
export const LISTED = [${listed.toSorted().map(quoted).join(', ')}] as const;

/** Those of them that name something. */
export const NAMING = [${naming.map(quoted).join(', ')}] as const;

/** \`TrackEvent.named\`. @param pairs of \`NAMING\`, in its order; null: the context does not have it. */
export function namedIn(pairs: readonly (Pair | null)[]): TrackEvent['named'] {
  const found = [
${NAMED_VALUES.map(({ of, bound }) => `    ${textIn(of, naming.indexOf(of[0]), bound)},`).join('\n')}
  ];
  for (let i = 0; i < found.length; i += 1) if (found[i] !== null) return found;
  return null;
}

/** @throws WrongType where a field of the JSON has another type. */
export function contextOfJson(json: JsonObject): DecodedContext {
  return {
${fields.map(({ name, type }) => `    ${name}: ${jsonOf(name, type)},`).join('\n')}
  };
}

/** A text of a record, or the text itself, cut; one that is absent or empty says nothing. */
function named(pair: Pair | null, key: string | null, bound: number): string | null {
  if (pair === null) return null;
  const text = key === null ? pair[1] : (pair[1] as { readonly [key: string]: string })[key];
  return text ? cut(text as string, bound) : null;
}
`;
}

function textIn([, key]: readonly [field: string, key?: string], at: number, bound: number): string {
  return `named(pairs[${at}]!, ${key === undefined ? 'null' : quoted(key)}, ${bound})`;
}

function jsonOf(name: string, type: Schema): string {
  const path = quoted(`context.${name}`);
  if (recordIn(type) !== null) return `textsOf(${path}, json.${name}, RECORD_KEYS.${name})`;
  return `${isText(type) ? 'textOf' : 'textMapOf'}(${path}, json.${name})`;
}

const isText = (type: Schema): boolean => Array.isArray(type) && type.includes('string');

function decodedType(name: string, type: Schema): string {
  if (recordIn(type) !== null) return `Texts<(typeof RECORD_KEYS.${name})[number]>`;
  return isText(type) ? 'string' : 'DecodedMap<string>';
}

// ------------------------------------------------------------------------------------------------- the message

const NAMED = new Map(NAMED_VALUES.map(({ name }, i) => [snake(name), i]));

/** Fields that are not simply written from the message's field of that name. */
const WRITTEN: { readonly [name: string]: string } = {
  type: 'at = putBytes(buf, at, this.#names);',
  name: '',
  reason: 'at = putLong(buf, at, REASONS[message.reason]);',
  duration_ms: 'at = putLong(buf, at, message.endedAt - message.startedAt);',
  event_types: `const { eventTypes } = message;
    if (eventTypes.length > 0) {
      at = putLong(buf, at, eventTypes.length);
      for (const [type, count] of eventTypes) at = putLong(buf, putText(buf, at, type), count);
    }
    buf[at++] = 0;`,
  opened_at_offset: `at = putBytes(buf, at, this.#place);
    at = putLong(buf, at, message.openedOffset);`,
};

/** \`wire/visit-ended.gen.ts\`: writer and reader of \`schemas/VisitEnded.avsc\`. */
export function visitEndedFile(): string {
  const fields = schemaOf('VisitEnded');
  const symbols = (fields.find(({ name }) => name === 'reason')!.type as unknown as { symbols: string[] }).symbols;
  const texts = fields.filter(({ name, type }) => !(name in WRITTEN) && !NAMED.has(name) && isTextual(type));
  const numbers = fields.filter(({ name, type }) => name === 'reason' || isNumber(type)).length;
  return `
import type { VisitEnded } from '../core/rules/visit-ended.ts';
import { LONG_ROOM, putBytes, putLong, putNullable, putText, SOME, textRoom } from './put.ts';

/** Symbols of \`EndReason\` in the schema. */
const REASONS: Readonly<Record<VisitEnded['reason'], number>> = { ${symbols.flatMap((symbol, i) => (symbol === 'unknown' ? [] : [`${symbol}: ${i}`])).join(', ')} };
/** All numbers of a message, its booleans, and the branches of its unions that are null or not. */
const FIXED_ROOM = ${numbers + 4} * LONG_ROOM + ${fields.length};
/**
 * Writes messages of the output topic, in the Confluent wire format. Measured: 0.9 µs a message, where a writer that is
 * made from the schema as the program starts took 5, most of it the objects in between.
 */
export class VisitEndedWriter {
  readonly #head: Buffer;
  readonly #names: Buffer;
  readonly #place: Buffer;

  /**
   * @param topic and partition of the input, for \`opened_at_offset\`.
   * @param schemaId the registry's id of \`schemas/VisitEnded.avsc\`.
   */
  constructor(topic: string, partition: number, schemaId: number) {
    this.#head = Buffer.alloc(5);
    this.#head.writeUInt32BE(schemaId, 1);
    this.#names = made(100, (buf) => putText(buf, putText(buf, 0, 'visit-ended'), 'Visit Ended'));
    this.#place = made(textRoom(topic) + LONG_ROOM, (buf) => putLong(buf, putText(buf, 0, topic), partition));
  }

  /** Bytes that a message takes at most. */
  room(message: VisitEnded): number {
    let room = FIXED_ROOM + this.#names.length + this.#place.length;
${texts.map(({ name }) => `    room += textRoom(message.${camel(name)});`).join('\n')}
    for (const [type] of message.eventTypes) room += textRoom(type) + LONG_ROOM;
${VALUES.filter(({ parts }) => parts !== null)
  .map(
    ({ name }) => `    if (message.${name} !== null) for (const each of message.${name}) room += 1 + textRoom(each);`,
  )
  .join('\n')}
    for (const each of message.named) room += 1 + textRoom(each);
    return room;
  }

  /** The same bytes for the same message, always. @returns where it ends. */
  write(buf: Buffer, start: number, message: VisitEnded): number {
    let at = putBytes(buf, start, this.#head);
${fields.map(written).join('\n')}
    return at;
  }
}

function made(room: number, put: (buf: Buffer) => number): Buffer {
  const buf = Buffer.alloc(room);
  return buf.subarray(0, put(buf));
}
`;
}

const isTextual = (type: Schema): boolean => type === 'string' || isText(type);
const isNumber = (type: Schema): boolean =>
  ['int', 'long'].includes(typeof type === 'string' ? type : String((type as { type?: Schema }).type));

function written({ name, type }: Field): string {
  if (name in WRITTEN) return WRITTEN[name]!;
  const i = NAMED.get(name);
  if (i !== undefined) return `at = putNullable(buf, at, message.named[${i}] ?? null);`;
  const value = `message.${camel(name)}`;
  if (type === 'string') return `at = putText(buf, at, ${value});`;
  if (isText(type)) return `at = putNullable(buf, at, ${value});`;
  if (isNumber(type)) return `at = putLong(buf, at, ${value});`;
  if (type === 'boolean') return `buf[at++] = ${value} ? 1 : 0;`;
  const parts = recordIn(type);
  if (parts === null) throw new Error(`schemas/VisitEnded.avsc: nothing is known of writing ${name}`);
  return `if (${value} === null) {
      buf[at++] = 0;
    } else {
      buf[at++] = SOME;
      for (let i = 0; i < ${parts.length}; i += 1) at = putNullable(buf, at, ${value}[i]!);
    }`;
}

/** Fields of \`ReadVisitEnded\` that are not simply the record's. */
const READ: { readonly [name: string]: string } = {
  opened_at_offset: `openedOffset: opened.offset,
    topic: opened.topic,
    partition: opened.partition`,
};

/** \`wire/read-visit-ended.gen.ts\`. */
export function readVisitEndedFile(): string {
  const fields = schemaOf('VisitEnded').filter(({ name }) => !NAMED.has(name));
  return `
import type { VisitEnded } from '../core/rules/visit-ended.ts';

/** A message as it is read back: with its name, and where in the input its visit began. */
export interface ReadVisitEnded extends VisitEnded {
  readonly type: string;
  readonly name: string;
  readonly durationMs: number;
  readonly topic: string;
  readonly partition: number;
}

/** @param fields of the record of \`schemas/VisitEnded.avsc\`. */
export function visitEndedOf(fields: { readonly [name: string]: never }): ReadVisitEnded {
  const opened = fields.opened_at_offset as unknown as { topic: string; partition: number; offset: number };
  return {
${fields.map(readField).join('\n')}
    named: [${[...NAMED.keys()].map((name) => `fields.${name}!`).join(', ')}],
  };
}

function inOrder<K extends string>(record: unknown, keys: readonly K[]): (string | null)[] | null {
  return record === null ? null : keys.map((key) => (record as { readonly [key in K]: string | null })[key]);
}
`;
}

function readField({ name, type }: Field): string {
  if (name in READ) return `    ${READ[name]},`;
  const parts = recordIn(type);
  if (parts === null) return `    ${camel(name)}: fields.${name}!,`;
  return `    ${camel(name)}: inOrder(fields.${name}, [${parts.map((part) => quoted(part.name)).join(', ')}]) as VisitEnded['${camel(name)}'],`;
}
