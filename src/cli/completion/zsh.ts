import { casesOf, quote } from './cases.ts';
import { type CommandNode, candidates, nodes, type Values } from './tree.ts';

/** A script for zsh: to be evaluated after compinit, or kept as `_tidemark` in a directory of fpath. */
export function zshScript(tree: CommandNode, settings: readonly string[]): string {
  const { commands, waiting } = casesOf(tree, (values) => reply(values, settings));
  const next = [...nodes(tree)].map((node) => {
    const words = candidates(node).map(({ word, description }) => quote(described(word, description)));
    return `    ${quote(node.path)}) found=(${words.join(' ')})${node.takesFile ? '; _files' : ''} ;;`;
  });
  return `#compdef ${tree.name}
# Completion of ${tree.name} for zsh: eval "$(${tree.name} completion zsh)"
_${tree.name}() {
  local where='' i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$where $words[i]" in
${commands}
    esac
  done
  case "$where $words[CURRENT-1]" in
${waiting}
  esac
  case "$where" in
${next.join('\n')}
  esac
  _describe ${quote(tree.name)} found
}
if [[ "$funcstack[1]" == _${tree.name} ]]; then
  _${tree.name} "$@"
else
  compdef _${tree.name} ${tree.name}
fi
`;
}

function reply(values: Values, settings: readonly string[]): string {
  if (values === null) return '_message value';
  if (values === 'file') return '_files';
  if (values === 'setting') return `compadd -S '' -- ${settings.map((key) => quote(`${key}=`)).join(' ')}`;
  return `compadd -- ${values.words.map(quote).join(' ')}`;
}

/** A word and its description, which _describe splits at a colon. */
function described(word: string, description: string): string {
  const name = word.replaceAll(':', '\\:');
  return description === '' ? name : `${name}:${description}`;
}
