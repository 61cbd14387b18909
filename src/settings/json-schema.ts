import { KEYS, SETTINGS } from './declaration.ts';
import { type AnySetting, isDerived } from './setting.ts';
import type { JsonSchema } from './types.ts';

/**
 * JSON Schema, draft 7, of the settings file, by which editors complete and check it. Each key may be in its section or
 * be written with dots, at any depth, as `fromFile` reads it.
 *
 * It judges one file, so it requires no keys to be there together: the rest may come from the environment.
 */
export function settingsJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'tidemark.yaml',
    description: 'Settings of tidemark. Made by `npm run docs:settings` from src/settings/declaration.ts: change that.',
    ...section(''),
    definitions: {
      ...Object.fromEntries(KEYS.map((key) => [key, value(SETTINGS[key])])),
      ...Object.fromEntries(sectionNames().map((name) => [name, section(`${name}.`)])),
    },
  };
}

/** `kafka`, `kafka.sasl` and so on: all beginnings of keys. */
function sectionNames(): string[] {
  return [...new Set(KEYS.flatMap((key) => beginnings(key).slice(0, -1)))];
}

/** `a`, `a.b` and `a.b.c` for `a.b.c`. */
function beginnings(key: string): string[] {
  const parts = key.split('.');
  return parts.map((_, i) => parts.slice(0, i + 1).join('.'));
}

/** A map whose names follow `prefix`, which is empty or ends with a dot. YAML reads an empty one as null. */
function section(prefix: string): JsonSchema {
  const names = KEYS.filter((key) => key.startsWith(prefix)).flatMap((key) => beginnings(key.slice(prefix.length)));
  const properties = names.map((name) => [name, { $ref: `#/definitions/${prefix}${name}` }]);
  return { type: ['object', 'null'], properties: Object.fromEntries(properties), additionalProperties: false };
}

/** A key without a value is not set, so null is allowed. */
function value({ type, doc, default: standard, change, secret }: AnySetting): JsonSchema {
  const notes = [
    doc,
    isDerived(standard) ? `Default: ${standard.text}.` : '',
    change === 'replay' ? 'Decides what a visit is: refused where records were folded with another value.' : '',
    typeof change === 'object' ? `Changing it: ${change.note}.` : '',
    secret === true ? 'A secret: better given by the environment, or in a file.' : '',
  ];
  const alternatives = (type.json.anyOf as JsonSchema[] | undefined) ?? [type.json];
  return {
    description: notes.filter((note) => note !== '').join(' '),
    ...(isDerived(standard) || standard === null ? {} : { default: written(type, standard) }),
    anyOf: [...alternatives, { type: 'null' }],
  };
}

/** A default as one would write it in the file. */
function written(type: AnySetting['type'], standard: unknown): unknown {
  const isPlain = Array.isArray(standard) || typeof standard === 'boolean' || type.name === 'number';
  return isPlain ? standard : type.format(standard);
}
