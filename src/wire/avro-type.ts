import avsc from 'avsc';

export type AvroType = avsc.Type;

/** A schema that cannot be read by ours; the message has the reason. */
export class Incompatible extends Error {
  override readonly name = 'Incompatible';
}

/** The logical types of the primitives of all schemas parsed here: the library drops those that are not registered. */
const LOGICAL = new WeakMap<AvroType, string>();

export function logicalTypeOf(type: AvroType): string | undefined {
  return LOGICAL.get(type);
}

type SchemaObject = { readonly [key: string]: unknown };

/**
 * Parses an Avro schema. Defaults are taken from a reader's schema only: a writer's do not matter for reading, and
 * those in use are not always right.
 * @throws Incompatible where it is no Avro schema.
 */
export function parseSchema(json: string, keepDefaults: boolean): AvroType {
  let schema: unknown;
  try {
    schema = JSON.parse(json);
  } catch {
    throw new Incompatible('its schema is not JSON');
  }
  const other = (schema as { schemaType?: unknown } | null)?.schemaType;
  if (typeof other === 'string')
    throw new Incompatible(`its schema is of type ${other}; write it with one of type AVRO`);
  const hook = (found: unknown, options: unknown): AvroType | undefined => {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
    const { logicalType, ...rest } = found as SchemaObject;
    if (logicalType !== undefined) {
      const type = parse(rest, options);
      if (typeof logicalType === 'string') LOGICAL.set(type, logicalType);
      return type;
    }
    if (!keepDefaults && Array.isArray(rest.fields) && rest.fields.some(hasDefault)) {
      return parse({ ...rest, fields: rest.fields.map(withoutDefault) }, options);
    }
    return undefined;
  };
  try {
    return parse(schema, { typeHook: hook });
  } catch (error) {
    throw new Incompatible(`its schema is not valid Avro: ${(error as Error).message}`);
  }
}

function parse(schema: unknown, options: unknown): AvroType {
  return avsc.Type.forSchema(schema as avsc.Schema, options as Partial<avsc.ForSchemaOptions>);
}

function hasDefault(field: unknown): boolean {
  return typeof field === 'object' && field !== null && 'default' in field;
}

function withoutDefault(field: unknown): unknown {
  if (!hasDefault(field)) return field;
  const { default: _, ...rest } = field as SchemaObject;
  return rest;
}

export function isUnion(type: AvroType): type is avsc.types.UnwrappedUnionType {
  return type.typeName.startsWith('union:');
}

export function isRecord(type: AvroType): type is avsc.types.RecordType {
  return type.typeName === 'record' || type.typeName === 'error';
}

export function isMap(type: AvroType): type is avsc.types.MapType {
  return type.typeName === 'map';
}

export function isArray(type: AvroType): type is avsc.types.ArrayType {
  return type.typeName === 'array';
}

export function isEnum(type: AvroType): type is avsc.types.EnumType {
  return type.typeName === 'enum';
}

export function isFixed(type: AvroType): type is avsc.types.FixedType {
  return type.typeName === 'fixed';
}
