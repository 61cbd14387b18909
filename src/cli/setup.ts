import { Command } from 'commander';
import type { ExitCode, Io } from './io.ts';
import { withSettings } from './settings-options.ts';
export function setupCommand(_io: Io, _finish: (code: ExitCode) => void): Command {
  return withSettings(new Command('setup'));
}
