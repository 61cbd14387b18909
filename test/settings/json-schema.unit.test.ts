import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { KEYS, type Key, loadSettings, SETTINGS, SettingsError } from '../../src/settings/index.ts';
import { settingsJsonSchema } from '../../src/settings/json-schema.ts';
import type { AnySetting } from '../../src/settings/setting.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const numRuns = Math.ceil(Number(process.env.FAST_CHECK_RUNS ?? 1000) / 4);
const accepts = new Ajv({ strict: true, strictTypes: false }).compile(settingsJsonSchema());

const directory = mkdtempSync(join(tmpdir(), 'settings-schema-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The loader's problems with this file by itself: keys that need each other are no matter of a single file. */
function problemsOf(yaml: string): string[] {
  writeFileSync(join(directory, 'tidemark.yaml'), yaml);
  try {
    loadSettings({ cwd: directory });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return error.problems.filter((problem) => problem.includes('tidemark.yaml'));
  }
  return [];
}

// ------------------------------------------------------------------------------------------------- files, right and wrong

/** A key in the forms that a file may have: cut at any of its dots into nested maps. */
const nested = (key: string): fc.Arbitrary<string[]> => {
  const parts = key.split('.');
  return fc.tuple(...parts.slice(1).map(() => fc.boolean())).map((cuts) => {
    const names = [parts[0]!];
    for (const [i, part] of parts.slice(1).entries()) {
      if (cuts[i]) names.push(part);
      else names[names.length - 1] += `.${part}`;
    }
    return names;
  });
};

interface Given {
  readonly names: readonly string[];
  readonly value: unknown;
}

/** Maps of one path become one; if one name has a value and a map, the last counts. */
function fileOf(given: readonly Given[]): Record<string, unknown> {
  const file: Record<string, unknown> = {};
  for (const { names, value } of given) {
    let at = file;
    for (const name of names.slice(0, -1)) {
      const inner = at[name];
      at[name] = typeof inner === 'object' && inner !== null && !Array.isArray(inner) ? inner : {};
      at = at[name] as Record<string, unknown>;
    }
    at[names.at(-1)!] = value;
  }
  return file;
}

/** Values that are right for some setting, and wrong for others. */
const RIGHT = [
  ...['30m', '500ms', '1.5h', '24h', '0', 0, 1, 6, 9464, '6', '8MB', '64KB', '1.5gb', true, 'TRUE', 'no', 'earliest'],
  ...['2026-01-31', '2026-01-31T00:00:00Z', 'avro', 'JSON', 'create', 'PLAIN', 'debug', 'a:1,b:2', ['a:1', 'b:2'], []],
  ...['http://registry:8081', 'HTTPS://registry', ' postgres://db/x', 'postgresql://u:p@db/x', '[::1]:9092', null],
];
/** Values that are wrong in ways that a pattern can detect. */
const WRONG = [3.5, -1, 70_000, '', 'a b', 'ä', '30', '5 m', 'mysql://a/b', {}, { a: 1 }, [1], ['a b'], [null], 'noon'];

const key = fc.constantFrom(...KEYS);
const anyValue = fc.oneof(fc.constantFrom(...RIGHT, ...WRONG), fc.string(), fc.jsonValue({ maxDepth: 2 }));
const anyName = fc.oneof(
  fc.constantFrom('visit.gapp', 'vist', 'kafka.sasl', 'visit', 'kafka', 'Visit.gap', ''),
  fc.string(),
);
const anything = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: key.chain((name) => fc.record({ names: nested(name), value: anyValue })) },
      fc.record({ names: anyName.map((name) => [name]), value: anyValue }),
    ),
    { maxLength: 5 },
  )
  .map(fileOf);

/** Whether JSON Schema could see that it is wrong: it cannot see bounds of what is written as text, nor into a file. */
function canBeTold({ type }: AnySetting, value: unknown): boolean {
  if (typeof value !== 'string') return true;
  if (['list', 'URL', 'file'].includes(type.name)) return false;
  return !/^(\d|earliest|latest)/.test(value);
}

const tellable = fc
  .uniqueArray(key, { maxLength: 4 })
  .chain((keys) =>
    fc.tuple(
      ...keys.map((name) =>
        fc.record({
          names: nested(name),
          value: fc.constantFrom(...RIGHT, ...WRONG).filter((value) => canBeTold(SETTINGS[name], value)),
        }),
      ),
    ),
  )
  .map(fileOf);

// ------------------------------------------------------------------------------------------------------------------- tests

describe('the JSON Schema of tidemark.yaml', () => {
  test('follows from the declaration; `npm run docs:settings` writes it', () => {
    const written = readFileSync(join(root, 'schemas/tidemark.schema.json'), 'utf8');
    expect(JSON.parse(written)).toEqual(settingsJsonSchema());
  });

  test('an editor warns of no file that the loader takes', () => {
    fc.assert(
      fc.property(anything, (file) => {
        const yaml = stringify(file);
        fc.pre(problemsOf(yaml).length === 0);
        expect(refusals(parse(yaml))).toEqual([]);
      }),
      { numRuns },
    );
  });

  test('an editor warns of what the loader refuses, as far as the form of a value shows it', () => {
    fc.assert(
      fc.property(tellable, (file) => {
        const yaml = stringify(file);
        expect({ yaml, refused: refusals(parse(yaml)).length > 0 }).toEqual({
          yaml,
          refused: problemsOf(yaml).length > 0,
        });
      }),
      { numRuns },
    );
  });

  test.each(KEYS.flatMap((name) => [name, name.slice(0, -1), `${name}x`, name.toUpperCase()]))(
    'a key is known to editors if the loader knows it: %s',
    (name) => {
      expect(accepts({ [name]: null })).toBe(problemsOf(stringify({ [name]: null })).length === 0);
    },
  );

  test.each(['', 'visit:\n', 'kafka:\n  sasl:\n', 'kafka.sasl:\n  mechanism: plain\n', 'visit: 30m\n', '- visit\n'])(
    'sections are taken as the loader takes them: %j',
    (yaml) => {
      expect(accepts(parse(yaml))).toBe(problemsOf(yaml).length === 0);
    },
  );

  test.each(KEYS)(
    'a value of %s is right to editors if it is to the loader, and wrong where it can be told',
    (name) => {
      const setting: AnySetting = SETTINGS[name];
      for (const value of [...RIGHT, ...WRONG]) {
        const right = value === null || setting.type.schema.safeParse(value).success;
        if (right || canBeTold(setting, value))
          expect({ value, right: accepts({ [name]: value }) }).toEqual({ value, right });
      }
    },
  );

  test.each(KEYS)('the default of %s is one that it accepts', (name: Key) => {
    const definitions = settingsJsonSchema().definitions as Record<string, { default?: unknown }>;
    const standard = definitions[name]!.default;
    if (standard !== undefined) expect(refusals({ [name]: standard })).toEqual([]);
  });

  test('every settings file in the documents is accepted, by the loader too', () => {
    const documents = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => join('docs', name))];
    const files = documents
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) => [...readFileSync(join(root, path), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```/gm)])
      .flatMap(([, yaml]) => (yaml!.includes('tidemark.yaml') ? [yaml!] : []));
    expect(files).not.toEqual([]);
    for (const yaml of files) {
      expect({ yaml, refusals: refusals(parse(yaml)) }).toEqual({ yaml, refusals: [] });
      expect({ yaml, problems: problemsOf(yaml) }).toEqual({ yaml, problems: [] });
    }
  });
});

function refusals(file: unknown): string[] {
  return accepts(file) ? [] : accepts.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`);
}
