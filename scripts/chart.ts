/** Parts of the chart in deploy/helm that follow from the declaration of settings: those that its values, or files, may set. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KEYS, type Key, SETTINGS } from '../src/settings/declaration.ts';
import { settingsJsonSchema } from '../src/settings/json-schema.ts';
import { fileOf } from '../src/settings/secret.ts';
import { file, type JsonSchema } from '../src/settings/types.ts';

export const CHART = fileURLToPath(new URL('../deploy/helm/tidemark', import.meta.url));
/** The example's values, from which the plain manifests are made. */
export const EXAMPLE = fileURLToPath(new URL('../deploy/helm/example.yaml', import.meta.url));

/** Settings that a file may hold, or that are files: secrets, URLs with a password, certificates and keys. */
export function filed(): Key[] {
  const siblings = new Set<string>(KEYS.map(fileOf));
  return KEYS.filter((key) => {
    const { secret, type } = SETTINGS[key];
    return secret !== false || (type.name === file.name && !siblings.has(key));
  });
}

/** values.schema.json with the parts that follow from the declaration. */
export function withSettings(schema: string): string {
  const { definitions, ...rest } = JSON.parse(schema) as { definitions: Record<string, JsonSchema> };
  const byHand = Object.entries(definitions).filter(([name]) => !/^(settings|files)/.test(name));
  const source = { $ref: '#/definitions/source' };
  const orNone = { anyOf: [source, { type: 'object', maxProperties: 0 }] };
  const made = { ...settingsDefinitions(), files: filesFrom(source), filesOfSetup: filesFrom(orNone) };
  return `${JSON.stringify({ ...rest, definitions: { ...Object.fromEntries(byHand), ...made } }, null, 2)}\n`;
}

/** `settings`, and `settings/kafka`, `settings/kafka.brokers` and so on. Secrets are not among them. */
function settingsDefinitions(): Record<string, JsonSchema> {
  const { definitions, type, properties, additionalProperties } = settingsJsonSchema() as Record<string, JsonSchema>;
  const secrets = new Set(KEYS.filter((key) => SETTINGS[key].secret === true).map((key) => `#/definitions/${key}`));
  const whole = { type, properties, additionalProperties };
  const all = [
    ['settings', whole],
    ...Object.entries(definitions!)
      .filter(([key]) => !secrets.has(`#/definitions/${key}`))
      .map(([key, definition]) => [`settings.${key}`, definition]),
  ];
  return JSON.parse(JSON.stringify(Object.fromEntries(all), without));

  /** Leaves out secrets and patterns that Helm's validator does not know, and corrects references. */
  function without(key: string, value: unknown): unknown {
    if (key === 'pattern' && String(value).includes('(?')) return undefined;
    if (key === '$ref') return String(value).replace('#/definitions/', '#/definitions/settings.');
    if (key !== 'properties') return value;
    return Object.fromEntries(Object.entries(value as object).filter(([, { $ref }]) => !secrets.has($ref)));
  }
}

function filesFrom(source: JsonSchema): JsonSchema {
  const properties = Object.fromEntries(filed().map((key) => [key, source]));
  return { type: 'object', properties, additionalProperties: false };
}

/** Digest, in hexadecimal, of the names and contents of all files that the plain manifests are made from. */
export function digestOfChart(): string {
  const hash = createHash('sha256');
  const names = readdirSync(CHART, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !['README.md', 'values.schema.json'].includes(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const name of [...names.sort(), EXAMPLE])
    hash
      .update(`${name.slice(CHART.length)}\0`)
      .update(readFileSync(name))
      .update('\0');
  return hash.digest('hex');
}
