import { Command } from 'commander';
import type { ExitCode, Io } from './io.ts';
import { listCommand } from './set-aside/list.ts';
import { DEAD_REASONS } from './set-aside/options.ts';
import { retryCommand } from './set-aside/retry.ts';
import { showCommand } from './set-aside/show.ts';
import { DEAD_LETTER, LATE } from './set-aside/topic.ts';

export function deadLetterCommand(io: Io, finish: (code: ExitCode) => void): Command {
  const examples = `
Column retried says when a record was sent to the input again.

Examples:
  $ tidemark dead-letter list --since 2h
  $ tidemark dead-letter list --reason future --partition 3
  $ tidemark dead-letter list --limit 100000 --json | jq '.records | group_by(.error) | map([length, .[0].error])'
`;
  return new Command('dead-letter')
    .description('what could not be folded: list it, look at one, send it to the input again')
    .addCommand(listCommand(DEAD_LETTER, DEAD_REASONS, examples, io))
    .addCommand(showCommand(DEAD_LETTER, io))
    .addCommand(retryCommand(io, finish))
    .addHelpText(
      'after',
      `
Examples:
  $ tidemark dead-letter list
  $ tidemark dead-letter show 3:17
  $ tidemark dead-letter retry --reason undecodable --dry-run
`,
    );
}

export function lateCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  const examples = `
Examples:
  $ tidemark late list
  $ tidemark late list --since 2026-11-23T14:00:00Z --until 2026-11-23T15:00:00Z
`;
  return new Command('late')
    .description('events that came too late to amend anything: list them, look at one')
    .addCommand(listCommand(LATE, [], examples, io))
    .addCommand(showCommand(LATE, io))
    .addHelpText(
      'after',
      `
Late events would be late again: they are not retried.

Examples:
  $ tidemark late list
  $ tidemark late show 3:17
`,
    );
}
