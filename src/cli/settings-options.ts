import { type Command, Option } from 'commander';
import { KEYS, type Loaded, loadSettings, SETTINGS } from '../settings/index.ts';
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
 * @param sections first parts of the keys whose flags the command has a use for; all without it.
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

/** Heads of a command's options in its help. */
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

/** Whether stack traces are wanted, read before the settings are known to be right. */
export function wantsDebug(argv: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const at = argv.indexOf('--log-level');
  const given = at >= 0 ? argv[at + 1] : argv.find((arg) => /^(--log-level|log\.level)=/.test(arg))?.split('=')[1];
  return ['debug', 'trace'].includes(given ?? env.TIDEMARK_LOG_LEVEL ?? '');
}
