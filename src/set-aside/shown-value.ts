import type { Json } from '../core/rules/event.ts';
import { schemaIdOf } from '../wire/avro.ts';
import { parseSchema } from '../wire/avro-type.ts';

/** A value as it can be shown. */
export type ShownValue =
  | { readonly format: 'none' }
  | { readonly format: 'avro'; readonly schemaId: number; readonly value: Json }
  | { readonly format: 'json'; readonly value: Json }
  /** The first bytes in hexadecimal; `note` is a sentence about why it is not decoded. */
  | { readonly format: 'bytes'; readonly bytes: number; readonly hex: string; readonly note: string };

/** How many bytes are shown of a value that cannot be decoded. */
const HEX_BYTES = 512;

const BEGIN = 5;

/**
 * Decodes a value by its schema id, or as JSON, whatever `input.format` is: a record may have been refused because it is of
 * another format.
 * @param schemaOf gives the Avro schema of an id; null: it is not known. Its errors go into the note and are not thrown.
 */
export async function shownValue(
  value: Buffer | null,
  schemaOf: (id: number) => Promise<string | null>,
): Promise<ShownValue> {
  if (value === null) return { format: 'none' };
  const id = schemaIdOf(value);
  if (id !== null) {
    try {
      const schema = await schemaOf(id);
      if (schema === null) return bytes(value, `the registry does not know schema id ${id}`);
      const decoded: unknown = parseSchema(schema, false).fromBuffer(value.subarray(BEGIN), undefined, true);
      return { format: 'avro', schemaId: id, value: jsonOf(decoded) };
    } catch (error) {
      return bytes(value, `it names schema id ${id}, and is not decoded: ${(error as Error).message}`);
    }
  }
  try {
    return { format: 'json', value: JSON.parse(UTF8.decode(value)) as Json };
  } catch {
    return bytes(value, 'it is neither of the Confluent wire format nor JSON');
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function bytes(value: Buffer, note: string): ShownValue {
  return { format: 'bytes', bytes: value.length, hex: value.subarray(0, HEX_BYTES).toString('hex'), note };
}

/** A decoded Avro value as JSON: bytes in hexadecimal, numbers that JSON cannot hold as text. */
function jsonOf(decoded: unknown): Json {
  return JSON.parse(
    JSON.stringify(decoded, (_, value: unknown) => {
      if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
      const buffer = value as { type?: unknown; data?: unknown } | null;
      if (typeof buffer === 'object' && buffer?.type === 'Buffer' && Array.isArray(buffer.data)) {
        return Buffer.from(buffer.data as number[]).toString('hex');
      }
      return value;
    }) ?? 'null',
  ) as Json;
}
