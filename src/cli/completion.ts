import { Argument, Command } from 'commander';
import { KEYS } from '../settings/index.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { treeOf } from './completion/tree.ts';
import { zshScript } from './completion/zsh.ts';
import type { ExitCode, Io } from './io.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

export function completionCommand(io: Io, _finish: (code: ExitCode) => void): Command {
  return new Command('completion')
    .description('print a script that lets a shell complete commands, options and keys of settings')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', EXAMPLES)
    .action((shell: keyof typeof SCRIPTS, _options: object, command: Command) => {
      io.out(SCRIPTS[shell](treeOf(command.parent!), KEYS));
    });
}

const EXAMPLES = `
In a checkout, where it is \`npx tidemark\`, completion needs \`alias tidemark='npx tidemark'\`.

Examples:
  $ eval "$(tidemark completion bash)"                                  # in ~/.bashrc
  $ eval "$(tidemark completion zsh)"                                   # in ~/.zshrc, after compinit
  $ tidemark completion fish > ~/.config/fish/completions/tidemark.fish
`;
