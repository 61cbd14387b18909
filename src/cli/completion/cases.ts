import { type CommandNode, met, nodes, type Values } from './tree.ts';

/**
 * Branches of two `case` statements, in what bash and zsh have in common: at each word before the cursor, which command
 * it leads to; and at an option that waits for its value, what may follow.
 * @param reply shell code that offers these values.
 */
export function casesOf(tree: CommandNode, reply: (values: Values) => string): { commands: string; waiting: string } {
  const all = [...nodes(tree)];
  const commands = all
    .filter(({ path }) => path !== '')
    .map(({ path }) => `      ${quote(met(path))}) where=${quote(path)} ;;`);
  const waiting = all.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ flags, values }) =>
        flags.map((flag) => `    ${quote(`${path} ${flag}`)}) ${reply(values)}; return ;;`),
      ),
  );
  return { commands: commands.join('\n'), waiting: waiting.join('\n') };
}

/** A word, whatever is in it. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
