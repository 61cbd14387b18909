import { type CommandNode, nodes, pathKey, type Values } from './tree.ts';

/**
 * Branches of two `case` statements, in the syntax that bash and zsh share: one gives the command that each word before the
 * cursor leads to, the other the values of an option that waits for one.
 * @param reply shell code that offers these values.
 */
export function casesOf(tree: CommandNode, reply: (values: Values) => string): { commands: string; waiting: string } {
  const all = [...nodes(tree)];
  const commands = all
    .filter(({ path }) => path !== '')
    .map(({ path }) => `      ${quote(pathKey(path))}) where=${quote(path)} ;;`);
  const waiting = all.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ flags, values }) =>
        flags.map((flag) => `    ${quote(`${path} ${flag}`)}) ${reply(values)}; return ;;`),
      ),
  );
  return { commands: commands.join('\n'), waiting: waiting.join('\n') };
}

/** Quotes a word, whatever characters it has. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
