import type { Command, Option } from 'commander';

/** A command with all that a shell can complete, read from commander. */
export interface CommandNode {
  /** Names of the commands from the program's own down to this one, separated by blanks; empty for the program. */
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionNode[];
  readonly commands: readonly CommandNode[];
  /** The values that its first argument may have; none: any. */
  readonly choices: readonly string[];
  /** Whether its first argument is a file. */
  readonly takesFile: boolean;
}

export interface OptionNode {
  /** `-s` and `--set`, or one of them. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly values: Values;
}

/** What may follow an option: one of these words, a file, a setting's key and `=`, or anything. */
export type Values = { readonly words: readonly string[] } | 'file' | 'setting' | null;

export function treeOf(command: Command, path = ''): CommandNode {
  const help = command.createHelp();
  const [first] = command.registeredArguments;
  return {
    path,
    name: command.name(),
    description: command.description(),
    options: help.visibleOptions(command).map(optionOf),
    commands: help
      .visibleCommands(command)
      // Commander makes `help` anew for each call, without its completions.
      .filter((each) => each.name() !== 'help')
      .map((each) => treeOf(each, `${path} ${each.name()}`.trim())),
    choices: first?.argChoices ?? [],
    takesFile: /^files?$/.test(first?.name() ?? ''),
  };
}

function optionOf(option: Option): OptionNode {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined);
  return {
    flags,
    description: option.description,
    takesValue: option.required || option.optional,
    values: valuesOf(option),
  };
}

function valuesOf({ argChoices, flags }: Option): Values {
  if (argChoices !== undefined) return { words: argChoices };
  if (flags.endsWith('<file>')) return 'file';
  return flags.endsWith('<key=value>') ? 'setting' : null;
}

/** A command and all below it. */
export function* nodes(node: CommandNode): Iterable<CommandNode> {
  yield node;
  for (const each of node.commands) yield* nodes(each);
}

/** Words that may come next where no option waits for its value. */
export function candidates(node: CommandNode): { readonly word: string; readonly description: string }[] {
  return [
    ...node.commands.map(({ name, description }) => ({ word: name, description })),
    ...node.choices.map((word) => ({ word, description: '' })),
    ...node.options.flatMap(({ flags, description }) => flags.map((word) => ({ word, description }))),
  ];
}

/**
 * The path of the parent command, a blank, and the last name: a script has put this together when it reaches that name among
 * the words.
 */
export function pathKey(path: string): string {
  const at = path.lastIndexOf(' ');
  return `${at < 0 ? '' : path.slice(0, at)} ${path.slice(at + 1)}`;
}
