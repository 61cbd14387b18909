import { type CommandNode, nodes, type OptionNode, pathKey } from './tree.ts';

/** A script for fish, to be sourced or kept as `~/.config/fish/completions/tidemark.fish`. */
export function fishScript(tree: CommandNode, settings: readonly string[]): string {
  const all = [...nodes(tree)];
  const paths = all
    .filter(({ path }) => path !== '')
    .map(({ path }) => `            case ${quote(pathKey(path))}\n                set where ${quote(path)}`);
  const lines = all.flatMap((node) => {
    const here = `complete -c ${tree.name} -n ${quote(`__${tree.name}_at ${quote(node.path)}`)}`;
    return [
      ...node.commands.map(({ name, description }) => `${here} -a ${quote(name)} -d ${quote(description)}`),
      ...(node.choices.length > 0 ? [`${here} -a ${quote(node.choices.join(' '))}`] : []),
      ...(node.takesFile ? [`${here} -F`] : []),
      ...node.options.map((option) => `${here}${optionFlags(option, settings)} -d ${quote(option.description)}`),
    ];
  });
  return `# Completion of ${tree.name} for fish: ${tree.name} completion fish | source
function __${tree.name}_at
    set -l where ''
    for word in (commandline -opc)[2..]
        switch "$where $word"
${paths.join('\n')}
        end
    end
    test "$where" = "$argv[1]"
end
complete -c ${tree.name} -f
${lines.join('\n')}
`;
}

function optionFlags({ flags, takesValue, values }: OptionNode, settings: readonly string[]): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? ` -l ${quote(flag.slice(2))}` : ` -s ${quote(flag.slice(1))}`,
  );
  if (!takesValue) return names.join('');
  if (values === 'file') return `${names.join('')} -r -F`;
  const words = values === null ? [] : values === 'setting' ? settings.map((key) => `${key}=`) : values.words;
  return `${names.join('')} -x${words.length > 0 ? ` -a ${quote(words.join(' '))}` : ''}`;
}

/** Within single quotes fish has two escapes: \\\\ and \\'. */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
