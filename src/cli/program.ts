import { Command, CommanderError, Help, type Option } from 'commander';
import { completionCommand } from './completion.ts';
import { configCommand } from './config.ts';
import { deadLetterCommand, lateCommand } from './dead-letter.ts';
import { demoCommand } from './demo.ts';
import { explain } from './failure.ts';
import { fatalLine } from './fatal-line.ts';
import { profileCommand, sessionCommand, visitCommand } from './inspect.ts';
import { type ExitCode, type Io, VERSION } from './io.ts';
import { runCommand } from './run.ts';
import { finalErrorForm, SETTINGS_GROUP } from './settings-options.ts';
import { setupCommand } from './setup.ts';
import { simulateCommand } from './simulate.ts';
import { statusCommand } from './status.ts';
import { testCommand } from './test.ts';

/** Runs one command line, without the name of the program. @returns the exit code; never throws. */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<ExitCode> {
  const form = finalErrorForm(argv, io);
  let exitCode: ExitCode = 0;
  let wrongUsage = '';
  const finish = (code: ExitCode) => {
    exitCode = code;
  };
  const program = new Command('tidemark')
    .description('Track events in, visits and profiles in Postgres, Visit Ended out: exactly once.')
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', GENERAL);
  for (const add of [
    setupCommand,
    runCommand,
    configCommand,
    statusCommand,
    visitCommand,
    sessionCommand,
    profileCommand,
    deadLetterCommand,
    lateCommand,
    testCommand,
    simulateCommand,
    demoCommand,
    completionCommand,
  ]) {
    program.addCommand(add(io, finish));
  }
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .configureOutput({ writeOut: io.out, writeErr })
      .configureHelp({ groupItems: ownOptionsFirst });
    command
      .version(VERSION, '-V, --version', 'print the version')
      .helpOption('-h, --help', 'print what this does, its options and examples');
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already printed what is wrong; help and version end this way too.
    if (error instanceof CommanderError) {
      if (wrongUsage !== '') io.err(fatalLine(wrongUsage.trimEnd(), 2));
      return error.exitCode === 0 ? 0 : 2;
    }
    const explained = explain(error, form);
    io.err(explained.text);
    return explained.exitCode;
  }

  /** Commander writes one error in several pieces. */
  function writeErr(text: string): void {
    if (form.json) wrongUsage += text;
    else io.err(text);
  }
}

/** Lists a command's own options before the settings, which all commands have. */
function ownOptionsFirst<T extends Command | Option>(
  ...given: Parameters<typeof Help.prototype.groupItems<T>>
): Map<string, T[]> {
  const groups = Help.prototype.groupItems<T>(...given);
  const settings = groups.get(SETTINGS_GROUP);
  if (settings === undefined) return groups;
  groups.delete(SETTINGS_GROUP);
  return groups.set(SETTINGS_GROUP, settings);
}

/** A command and all below it. */
function* withSubcommands(command: Command): Iterable<Command> {
  yield command;
  for (const each of command.commands) yield* withSubcommands(each);
}

const GENERAL = `
Exit codes: 0 done, 1 a check failed, 2 wrong usage or settings, 3 something it needs cannot be reached.

Examples:
  $ tidemark config                     the settings in force, and where each came from
  $ tidemark setup                      topics, schemas and tables; a second time it changes nothing
  $ tidemark run                        the processor, until Ctrl-C
  $ tidemark simulate --rate 100        believable traffic for it
  $ tidemark status                     how far it is
  $ tidemark visit ID                   why it ended, or what it waits for
  $ tidemark dead-letter list           what could not be folded
  $ tidemark demo                       all of it on one machine, with no set-up
`;
