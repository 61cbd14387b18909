import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Filter } from '../../set-aside/read.ts';
import { moment, positiveWhole, wholeNumber } from '../arguments.ts';

export interface FilterOptions {
  readonly reason?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly partition?: number;
}

export const DEAD_REASONS = ['undecodable', 'invalid', 'future', 'visit_full'] as const;

/** Options that select records. @param reasons none: the topic has one alone */
export function withFilter(command: Command, reasons: readonly string[]): Command {
  if (reasons.length > 0) {
    command.addOption(new Option('--reason <reason...>', 'those of these reasons').choices(reasons));
  }
  return command
    .option('--since <time>', 'those set aside from then on: 2026-01-31T14:30:00Z, or how long ago, like 2h', asMoment)
    .option('--until <time>', 'those set aside before then', asMoment)
    .option(
      '--partition <n>',
      "those in this partition of the topic, which is the input's where both have as many",
      wholeNumber,
    );
}

/** Without a second parameter: commander passes the value that it read before. */
function asMoment(text: string): number {
  return moment(text);
}

export function filterOf({ reason, since, until, partition }: FilterOptions): Filter {
  return { reasons: reason ?? null, since: since ?? null, until: until ?? null, partition: partition ?? null };
}

export function withLimit(command: Command, what: string, limit?: number): Command {
  return command.option('--limit <n>', what, positiveWhole, limit);
}

export interface Position {
  readonly partition: number;
  readonly offset: number;
}

/** `3:17`. */
export function position(text: string): Position {
  const parts = /^(\d{1,9}):(\d{1,15})$/.exec(text);
  if (parts === null) throw new InvalidArgumentError('Write PARTITION:OFFSET, like 3:17.');
  return { partition: Number(parts[1]), offset: Number(parts[2]) };
}
