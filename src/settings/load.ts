import { resolve } from 'node:path';
import { readSecretFile } from '../secrets/secret.ts';
import { check } from './check.ts';
import { KEYS, type Key, SETTINGS } from './declaration.ts';
import { type FoundValues, fromEnvironment, fromFile, fromFlags, type GivenValue, type ValueSource } from './given.ts';
import { nearest } from './nearest.ts';
import { fileOf } from './secret.ts';
import { type AnySetting, isDerived } from './setting.ts';
import { nest, type Settings } from './settings.ts';
import { file } from './types.ts';

/** The settings cannot be used; the message has all that is wrong with them. Exit code 2. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `the settings cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}\n` +
        'docs/SETTINGS.md lists every setting; `tidemark config` shows those in force.',
    );
    this.problems = problems;
  }
}

export interface LoadOptions {
  readonly flags?: {
    /** `--config` */
    readonly config?: string | undefined;
    /** `--set key=value`, as often as given. */
    readonly set?: readonly string[] | undefined;
    /** Values of the settings' own flags, by key. */
    readonly values?: Readonly<Record<string, string>>;
  };
  readonly env?: NodeJS.ProcessEnv;
  /** The directory that paths are relative to. */
  readonly cwd?: string;
}

export interface Loaded {
  readonly settings: Settings;
  /** By key. */
  readonly sources: ReadonlyMap<string, ValueSource>;
  /** File and line, variable or flag, for people; empty for a default. */
  readonly where: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/**
 * Defaults < tidemark.yaml < environment < flags.
 * @throws SettingsError with all problems at once.
 */
export function loadSettings(options: LoadOptions = {}): Loaded {
  const { flags = {}, env = {}, cwd = process.cwd() } = options;
  const found: FoundValues[] = [
    fromFile(flags.config ?? (env.TIDEMARK_CONFIG || null), cwd),
    fromEnvironment(env, cwd),
    fromFlags(flags.set ?? [], flags.values ?? {}),
  ];
  const problems = found.flatMap((part) => part.problems);
  const given = new Map<string, GivenValue>();
  // Later sources win, but each value is judged, so that no mistake is hidden by another source.
  const values = new Map<string, unknown>();
  for (const one of found.flatMap((part) => part.given)) {
    given.set(one.key, one);
    const parsed = parse(SETTINGS[one.key], one);
    if ('problem' in parsed) problems.push(parsed.problem);
    else values.set(one.key, isPath(one.key) ? resolve(cwd, parsed.value as string) : parsed.value);
  }
  problems.push(...readSecrets(given, values));
  if (problems.length > 0) throw new SettingsError(problems);

  const sources = new Map(KEYS.map((key) => [key as string, given.get(key)?.source ?? 'default']));
  const where = new Map(KEYS.map((key) => [key as string, given.get(key)?.where ?? '']));
  const explicitMargin = sources.get('visit.clock_margin') !== 'default';
  return { ...complete(values, explicitMargin), sources, where };
}

/**
 * Settings given in code, with defaults for the rest: no file and no variable is read.
 * @param keys that may be given.
 * @throws SettingsError with all problems at once.
 */
export function settingsFrom(given: Readonly<Record<string, unknown>>, keys: readonly Key[]): Settings {
  const problems: string[] = [];
  const values = new Map<string, unknown>();
  for (const [name, raw] of Object.entries(given)) {
    const key = keys.find((each) => each === name);
    if (key === undefined) {
      const near = nearest(name, keys);
      problems.push(`${name} cannot be set here${near === null ? '' : `; did you mean ${near}?`}`);
    } else if (raw !== undefined) {
      const parsed = parse(SETTINGS[key], { key, raw, source: 'flag', where: 'given' });
      if ('problem' in parsed) problems.push(parsed.problem);
      else values.set(key, parsed.value);
    }
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return complete(values, false).settings;
}

/** Fills in the defaults. @throws SettingsError where settings exclude each other. */
function complete(
  values: ReadonlyMap<string, unknown>,
  explicitMargin: boolean,
): Pick<Loaded, 'settings' | 'warnings'> {
  const all = withDefaults(values);
  const settings = nest(all, all.get('input.timestamps') === 'append' || explicitMargin);
  const { problems, warnings } = check(settings);
  if (problems.length > 0) throw new SettingsError(problems);
  return { settings, warnings };
}

/** In order of precedence: a later one wins. */
const SOURCES: readonly ValueSource[] = ['default', 'file', 'environment', 'flag'];

/** Reads secrets from files. Of a secret and its file the later source wins; the file's content is the value. */
function readSecrets(given: Map<string, GivenValue>, values: Map<string, unknown>): string[] {
  const problems: string[] = [];
  for (const key of KEYS) {
    const inFile = given.get(fileOf(key));
    if (inFile === undefined) continue;
    const plain = given.get(key);
    if (plain?.source === inFile.source) {
      problems.push(`${plain.where} and ${inFile.where} are both set, ${key} and ${fileOf(key)}: unset one of them`);
    } else if (plain !== undefined && SOURCES.indexOf(plain.source) > SOURCES.indexOf(inFile.source)) {
      given.delete(fileOf(key));
      values.delete(fileOf(key));
    } else if (values.has(fileOf(key))) {
      const read = readSecretValue(key, values.get(fileOf(key)) as string, inFile);
      if ('problem' in read) problems.push(read.problem);
      else values.set(key, read.value);
      given.set(key, inFile);
    }
  }
  return problems;
}

function isPath(key: Key): boolean {
  return SETTINGS[key].type.name === file.name;
}

function readSecretValue(key: Key, path: string, given: GivenValue): ReturnType<typeof parse> {
  try {
    const raw = readSecretFile(`${fileOf(key)} (${given.where})`, path);
    return parse(SETTINGS[key], { ...given, key, raw });
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

function parse(setting: AnySetting, { key, raw, where }: GivenValue): { value: unknown } | { problem: string } {
  const result = setting.type.schema.safeParse(raw);
  if (result.success) return { value: result.data };
  const shown = setting.secret === false ? `${JSON.stringify(raw)} ` : '';
  const reasons = [...new Set(result.error.issues.map((issue) => issue.message))].join('; ');
  return { problem: `${key} (${where}): ${shown}${reasons}` };
}

function withDefaults(values: ReadonlyMap<string, unknown>): Map<string, unknown> {
  const complete = new Map<string, unknown>();
  for (const key of KEYS) {
    const setting: AnySetting = SETTINGS[key];
    if (values.has(key)) complete.set(key, values.get(key));
    // The setting that a default depends on is declared before it.
    else if (isDerived(setting.default)) complete.set(key, setting.default.make(complete.get(setting.default.from)));
    else complete.set(key, setting.default);
  }
  return complete;
}
