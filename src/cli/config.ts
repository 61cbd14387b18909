import { Command } from 'commander';
import { KEYS, type Loaded, printable, SETTINGS, settingsInForce, valueAt } from '../settings/index.ts';
import type { AnySetting } from '../settings/setting.ts';
import type { ExitCode, Io } from './io.ts';
import { settingsOf, withSettings } from './settings-options.ts';

export function configCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  return withSettings(new Command('config'))
    .description('print the settings in force and where each came from, secrets hidden')
    .option('--check', 'only say whether the settings can be used')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: { check?: boolean; json?: boolean }, command: Command) => {
      const loaded = settingsOf(command, io);
      for (const warning of loaded.warnings) io.err(`tidemark: warning: ${warning}\n`);
      if (options.check) io.out(options.json ? '{"ok":true}\n' : 'the settings can be used\n');
      else io.out(options.json ? asJson(loaded) : asTable(loaded));
    });
}

const EXAMPLES = `
Examples:
  $ tidemark config
  $ tidemark config --check --config production.yaml
  $ TIDEMARK_VISIT_GAP=20m tidemark config --json
`;

/** Three columns: key, value, where it came from. */
function asTable(loaded: Loaded): string {
  const rows = settingsInForce(loaded).map(
    ({ key, value, source, where }) => [key, value || '-', where || source] as const,
  );
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map(([key, value, from]) => `${key.padEnd(widths[0]!)}  ${value.padEnd(widths[1]!)}  ${from}\n`).join('');
}

function asJson({ settings, sources, where }: Loaded): string {
  const entries = KEYS.map((key) => {
    const from = where.get(key);
    const value = jsonValue(SETTINGS[key], valueAt(settings, key));
    return [key, { value, source: sources.get(key), ...(from ? { where: from } : {}) }] as const;
  });
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** The value as a settings file may have it. */
function jsonValue(setting: AnySetting, value: unknown): unknown {
  if (value === null || typeof value === 'boolean' || Array.isArray(value)) return value;
  if (typeof value === 'number' && setting.type.name === 'number') return value;
  return printable(setting, value);
}
