import { compileField, type FieldOverrides, type Read } from './avro-reader.ts';
import { compileSkipper, type Skip } from './avro-skipper.ts';
import { type AvroType, isRecord, isUnion } from './avro-type.ts';

/** One field of a writer's record. */
export interface Field {
  /** Name of the reader's field; empty where it has none: then the field is skipped. */
  readonly name: string;
  /** Whether it is a text, number or map, or a union of null and one; all others need `read`. */
  readonly isSimple: boolean;
  /** The byte that stands for null; -1 where it cannot be null. */
  readonly nullByte: number;
  readonly skip: Skip;
  readonly read: Read;
  /** Identifies the field and its writer: in another field equal bytes mean something else. */
  readonly fieldId: number;
}

/** Neighbouring fields that are read in one go, or a single one: see `EventReader`. */
export interface ReadStep extends Field {
  readonly what:
    | 'skipped'
    | 'event_id'
    | 'sessionAndOwner'
    | 'owner'
    | 'type'
    | 'occurred_at'
    | 'sent_at'
    | 'received_at'
    | 'debug'
    | 'context'
    | 'properties'
    | 'traits'
    | 'page'
    | 'utm'
    | 'others';
  readonly fields: readonly Field[];
  /** Index of the session's hint that remembers this step's slot; -1: none. */
  readonly hint: number;
}

export interface ReadPlan {
  /** Steps in the order of the writer's fields. */
  readonly steps: readonly ReadStep[];
  /** The same for the fields of the context. */
  readonly context: readonly ReadStep[];
}

/** All other fields are of the context, and are read together. */
const STEPS: { readonly [path: string]: ReadStep['what'] } = {
  event_id: 'event_id',
  session_id: 'sessionAndOwner',
  profile_id: 'owner',
  source_id: 'owner',
  type: 'type',
  occurred_at: 'occurred_at',
  sent_at: 'sent_at',
  received_at: 'received_at',
  debug: 'debug',
  context: 'context',
  properties: 'properties',
  traits: 'traits',
  'context.page': 'page',
  'context.utm': 'utm',
};

/** Hints of a session: the last two slots of the first step of other fields (most writers have one such step). */
export const HINTS = 2;
const HINT_OF: { readonly [what: string]: number } = { others: 0 };

/** Whether a field belongs to the step before it. Most events of a session name one profile and source, and where they
 *  follow its id the three are found as one. */
function isPartOf(before: ReadStep['what'] | undefined, what: ReadStep['what']): boolean {
  return what === 'owner'
    ? before === 'owner' || before === 'sessionAndOwner'
    : what === 'others' && before === 'others';
}

const SIMPLE_TYPES = new Set(['string', 'bytes', 'int', 'long', 'boolean', 'map']);
let lastFieldId = 0;

/** @returns null for the few writers whose context is more than a record or null. */
export function compilePlan(reader: AvroType, writer: AvroType, overrides: FieldOverrides): ReadPlan | null {
  if (!isRecord(reader) || !isRecord(writer)) return null;
  const steps = stepsOf(reader, writer, '', overrides);
  const written = writer.fields.find(({ name }) => name === 'context');
  if (written === undefined) return { steps, context: [] };
  const [, ours] = orNull(reader.fields.find(({ name }) => name === 'context')!.type);
  const [, theirs] = orNull(written.type);
  return isRecord(ours) && isRecord(theirs) ? { steps, context: stepsOf(ours, theirs, 'context.', {}) } : null;
}

type RecordType = AvroType & { readonly fields: readonly { readonly name: string; readonly type: AvroType }[] };

function stepsOf(reader: RecordType, writer: RecordType, path: string, overrides: FieldOverrides): ReadStep[] {
  const steps: ReadStep[] = [];
  for (const { name, type } of writer.fields) {
    const target = reader.fields.find((each) => each.name === name);
    const field = fieldOf(name, target?.type ?? null, type, path, overrides);
    const what = target === undefined ? 'skipped' : (STEPS[path + name] ?? 'others');
    const last = steps.at(-1);
    if (last !== undefined && isPartOf(last.what, what)) {
      steps[steps.length - 1] = { ...last, fields: [...last.fields, field] };
    } else {
      const isFirst = steps.every((each) => each.what !== what);
      steps.push({ ...field, what, fields: [field], hint: isFirst ? (HINT_OF[what] ?? -1) : -1 });
    }
  }
  return steps;
}

function fieldOf(
  name: string,
  reader: AvroType | null,
  writer: AvroType,
  path: string,
  overrides: FieldOverrides,
): Field {
  const skip = compileSkipper(writer);
  lastFieldId += 1;
  if (reader === null)
    return { name: '', isSimple: false, nullByte: -1, skip, read: skip as Read, fieldId: lastFieldId };
  const read = compileField(reader, writer, `${path}${name}`, overrides[name]);
  const [nullByte, some] = orNull(writer);
  return { name, isSimple: SIMPLE_TYPES.has(some.typeName), nullByte, skip, read, fieldId: lastFieldId };
}

/** Splits a union of null and one type into the byte that stands for null, and the type. Others stay as they are. */
function orNull(type: AvroType): readonly [nullByte: number, some: AvroType] {
  if (!isUnion(type) || type.types.length !== 2) return [-1, type];
  const index = type.types.findIndex((branch) => branch.typeName === 'null');
  return index < 0 ? [-1, type] : [index * 2, type.types[1 - index]!];
}
