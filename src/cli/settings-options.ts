import { type Command, Option } from 'commander';
import { fromFile, KEYS, type Loaded, loadSettings, SETTINGS } from '../settings/index.ts';
import type { FinalErrorForm } from './failure.ts';
import type { Io } from './io.ts';

interface GivenOptions {
  readonly config?: string;
  readonly set?: readonly string[];
  readonly [flag: string]: unknown;
}

const FLAGS = KEYS.flatMap((key) => {
  const { flag, doc, env } = SETTINGS[key];
  if (flag === null) return [];
  return [{ key, flags: `${flag} <value>`, help: `${doc} (${key}, ${env})` }];
});

/**
 * `--config`, `--set`, and the settings' own flags.
 * @param sections first parts of the keys whose flags the command uses; all unless given.
 */
export function withSettings(command: Command, sections?: readonly string[]): Command {
  command
    .optionsGroup(SETTINGS_GROUP)
    .option('-c, --config <file>', 'settings file (TIDEMARK_CONFIG; default: tidemark.yaml if there is one)')
    .option('-s, --set <key=value>', 'a setting, as often as needed', (value: string, all?: string[]) => [
      ...(all ?? []),
      value,
    ]);
  for (const { key, flags, help } of FLAGS) {
    if (sections === undefined || sections.includes(key.split('.')[0]!)) command.option(flags, help);
  }
  return command.optionsGroup(OWN_GROUP);
}

/** Headings of a command's options in its help. */
export const OWN_GROUP = 'Options:';
export const SETTINGS_GROUP = 'Settings:';

/** @throws SettingsError */
export function settingsOf(command: Command, io: Io): Loaded {
  const options = command.opts<GivenOptions>();
  const values: Record<string, string> = {};
  for (const { key, flags } of FLAGS) {
    const value = options[new Option(flags).attributeName()];
    if (typeof value === 'string') values[key] = value;
  }
  return loadSettings({
    flags: { config: options.config, set: options.set, values },
    env: io.env,
    cwd: io.cwd,
  });
}

/** The form of the error that a command ends with, read before the settings are known to be right. */
export function finalErrorForm(argv: readonly string[], io: Pick<Io, 'env' | 'cwd'>): FinalErrorForm {
  return {
    debug: ['debug', 'trace'].includes(givenText('log.level', argv, io)),
    json: givenText('log.format', argv, io) === 'json',
  };
}

/** A setting's text from flags, environment or file, with the same precedence; empty where none has it. */
function givenText(key: 'log.level' | 'log.format', argv: readonly string[], { env, cwd }: Pick<Io, 'env' | 'cwd'>) {
  const { flag, env: variable } = SETTINGS[key];
  const flagged = flagValue(argv, flag!) ?? argv.find((arg) => arg.startsWith(`${key}=`))?.slice(key.length + 1);
  const value = flagged ?? (env[variable] || inFile());
  return String(value).toLowerCase();

  function inFile(): unknown {
    const file = flagValue(argv, '--config') ?? flagValue(argv, '-c') ?? (env.TIDEMARK_CONFIG || null);
    return fromFile(file, cwd).given.find((each) => each.key === key)?.raw ?? '';
  }
}

function flagValue(argv: readonly string[], flag: string): string | undefined {
  const at = argv.indexOf(flag);
  return at >= 0 ? argv[at + 1] : argv.find((arg) => arg.startsWith(`${flag}=`))?.slice(flag.length + 1);
}
