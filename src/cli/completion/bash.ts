import { casesOf, quote } from './cases.ts';
import { type CommandNode, candidates, nodes, type Values } from './tree.ts';

/** A script for bash, version 3 and later. @param settings keys that --set takes */
export function bashScript(tree: CommandNode, settings: readonly string[]): string {
  const { commands, waiting } = casesOf(tree, (values) => reply(values, settings));
  const next = [...nodes(tree)].map((node) => {
    const words = candidates(node).map(({ word }) => word);
    const files = node.takesFile ? '; COMPREPLY+=($(compgen -f -- "$cur"))' : '';
    return `    ${quote(node.path)}) COMPREPLY=($(compgen -W ${quote(words.join(' '))} -- "$cur"))${files} ;;`;
  });
  return `# Completion of ${tree.name} for bash: eval "$(${tree.name} completion bash)"
_${tree.name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} where='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$where \${COMP_WORDS[i]}" in
${commands}
    esac
  done
  case "$where \${COMP_WORDS[COMP_CWORD - 1]}" in
${waiting}
  esac
  case "$where" in
${next.join('\n')}
  esac
}
complete -F _${tree.name} ${tree.name}
`;
}

function reply(values: Values, settings: readonly string[]): string {
  if (values === null) return ':';
  if (values === 'file') return 'COMPREPLY=($(compgen -f -- "$cur"))';
  if (values === 'setting') {
    const words = settings.map((key) => `${key}=`).join(' ');
    return `COMPREPLY=($(compgen -W ${quote(words)} -- "$cur")); compopt -o nospace 2>/dev/null`;
  }
  return `COMPREPLY=($(compgen -W ${quote(values.words.join(' '))} -- "$cur"))`;
}
