/** Reads values with where they were found, and does not judge them. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap, type YAMLParseError } from 'yaml';
import { readSecretFile } from '../secrets/secret.ts';
import { KEYS, type Key, RESERVED, SETTINGS } from './declaration.ts';
import { nearest } from './nearest.ts';

export type ValueSource = 'default' | 'file' | 'environment' | 'flag';

export interface GivenValue {
  readonly key: Key;
  readonly raw: unknown;
  readonly source: ValueSource;
  /** File and line, variable, or flag, for messages. */
  readonly where: string;
}

export interface FoundValues {
  readonly given: GivenValue[];
  readonly problems: string[];
}

const isKey = (key: string): key is Key => Object.hasOwn(SETTINGS, key);
const maybe = (suggestion: string | null) => (suggestion === null ? '' : `; did you mean ${suggestion}?`);

/** Values of tidemark.yaml, which has sections as maps, or keys with dots. A file that was named must exist. */
export function fromFile(named: string | null, cwd: string): FoundValues {
  const found: FoundValues = { given: [], problems: [] };
  const path = resolve(cwd, named ?? 'tidemark.yaml');
  const shown = named ?? 'tidemark.yaml';
  if (named === null && !existsSync(path)) return found;
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    found.problems.push(`the settings file ${shown} cannot be read: ${(error as Error).message}`);
    return found;
  }
  const lines = new LineCounter();
  const document = parseDocument(content, { lineCounter: lines, prettyErrors: false });
  for (const error of document.errors) found.problems.push(wrongYaml(error));
  if (document.errors.length > 0 || document.contents === null) return found;
  if (!isMap(document.contents)) {
    found.problems.push(`${shown} must hold keys and values, like "visit.gap: 30m"`);
    return found;
  }
  walk(document.contents, '');
  return found;

  /** Pretty errors quote the line, as do some messages after a colon: a password may be in it. */
  function wrongYaml({ message, pos }: YAMLParseError): string {
    const { line, col } = lines.linePos(pos[0]);
    return `${shown}:${line}:${col} is no YAML: ${message.split(':')[0]}. Quote what holds special characters`;
  }

  function walk(map: YAMLMap, prefix: string): void {
    for (const pair of map.items) {
      const name = isScalar(pair.key) ? String(pair.key.value) : '';
      const key = `${prefix}${name}`;
      const range = isScalar(pair.key) ? pair.key.range : undefined;
      const where = range ? `${shown}:${lines.linePos(range[0]).line}` : shown;
      const section = KEYS.some((known) => known.startsWith(`${key}.`));
      if (isKey(key)) add(key, pair.value, where);
      else if (section && isMap(pair.value)) walk(pair.value, `${key}.`);
      else if (section && isScalar(pair.value) && pair.value.value === null) continue;
      else found.problems.push(`${where}: ${key} is no setting${maybe(nearest(key, KEYS))}`);
    }
  }

  function add(key: Key, value: unknown, where: string): void {
    let raw: unknown;
    try {
      raw = (value as { toJS(doc: unknown): unknown } | null)?.toJS(document) ?? null;
    } catch {
      found.problems.push(`${where}: ${key} refers to an anchor that is not there. Quote a value that begins with *`);
      return;
    }
    if (found.given.some((other) => other.key === key)) found.problems.push(`${where}: ${key} stands here twice`);
    // A key without a value is not set.
    if (raw !== null) found.given.push({ key, raw, source: 'file', where });
  }
}

/** Kubernetes sets variables for each service in every pod; those of a service named `tidemark` are no settings. */
const SERVICE_LINK = /^TIDEMARK_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Values of variables; an empty one is not set. A URL with a password may be in a file that `<name>_FILE` names. */
export function fromEnvironment(env: NodeJS.ProcessEnv, cwd: string): FoundValues {
  const found: FoundValues = { given: [], problems: [] };
  const known = new Set<string>(Object.keys(RESERVED));
  for (const key of KEYS) {
    const { env: name, secret } = SETTINGS[key];
    const file = `${name}_FILE`;
    known.add(name);
    if (secret === 'password') known.add(file);
    if (env[name]) {
      found.given.push({ key, raw: env[name], source: 'environment', where: name });
      if (secret === 'password' && env[file])
        found.problems.push(`${name} and ${file} are both set: unset one of them`);
    } else if (secret === 'password' && env[file]) {
      try {
        const raw = readSecretFile(file, resolve(cwd, env[file]));
        found.given.push({ key, raw, source: 'environment', where: file });
      } catch (error) {
        found.problems.push((error as Error).message);
      }
    }
  }
  for (const name of Object.keys(env)) {
    if (!name.startsWith('TIDEMARK_') || known.has(name) || SERVICE_LINK.test(name)) continue;
    const guessed = KEYS.find((key) => `TIDEMARK_${key.toUpperCase().replaceAll('.', '_')}` === name);
    const suggestion = guessed === undefined ? nearest(name, known) : SETTINGS[guessed].env;
    found.problems.push(`the environment variable ${name} names no setting${maybe(suggestion)}`);
  }
  return found;
}

/** Values of `--set key=value` in order, later ones winning, then those of the flags of single settings. */
export function fromFlags(set: readonly string[], values: Readonly<Record<string, string>>): FoundValues {
  const found: FoundValues = { given: [], problems: [] };
  for (const assignment of set) {
    const at = assignment.indexOf('=');
    const key = assignment.slice(0, at < 0 ? undefined : at).trim();
    if (at < 0) found.problems.push(`--set ${key}: write it as --set key=value`);
    else if (!isKey(key)) found.problems.push(`--set ${key}: no such setting${maybe(nearest(key, KEYS))}`);
    else found.given.push({ key, raw: assignment.slice(at + 1), source: 'flag', where: '--set' });
  }
  for (const [key, raw] of Object.entries(values)) {
    if (isKey(key)) found.given.push({ key, raw, source: 'flag', where: SETTINGS[key].flag ?? '--set' });
    else found.problems.push(`${key} is no setting`);
  }
  return found;
}
