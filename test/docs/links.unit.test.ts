import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runCommandLine } from '../../src/cli/program.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documents = ['.', 'docs', 'examples']
  .flatMap((directory) => readdirSync(join(root, directory)).map((name) => join(directory, name)))
  .filter((path) => path.endsWith('.md'));

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const fences = (markdown: string) => markdown.match(/^```[\s\S]*?^```/gm) ?? [];
const withoutFences = (markdown: string) => markdown.replace(/^```[\s\S]*?^```/gm, '');

/** Targets of links, images and references that are no addresses of the web. */
function relativeLinks(markdown: string): string[] {
  const prose = withoutFences(markdown).replace(/`[^`\n]*`/g, '');
  const inline = [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target]) => target!);
  const references = [...prose.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)].map(([, target]) => target!);
  return [...inline, ...references].filter((target) => !/^[a-z]+:/.test(target));
}

/** Names under which a heading can be linked to, as GitHub makes them. */
function anchors(markdown: string): Set<string> {
  const headings = [...withoutFences(markdown).matchAll(/^#{1,6} +(.+?) *$/gm)].map(([, text]) => text!);
  const names = new Set<string>();
  for (const heading of headings) {
    const name = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let free = name;
    for (let n = 1; names.has(free); n++) free = `${name}-${n}`;
    names.add(free);
  }
  return names;
}

/** What is wrong with a link; null: its target exists. */
function brokenLink(from: string, target: string): string | null {
  const [path, anchor] = target.split('#') as [string, string | undefined];
  const file = path === '' ? from : join(dirname(from), path);
  if (file.startsWith('..')) return `${target} leaves the repository`;
  if (!existsSync(join(root, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined || !file.endsWith('.md')) return null;
  return anchors(read(file)).has(anchor) ? null : `${target}: ${file} has no heading of that name`;
}

/** Words that follow the program's name in inline code or in a block. */
function commandsIn(markdown: string): string[] {
  const inline = withoutFences(markdown).match(/`[^`\n]+`/g) ?? [];
  const code = [...fences(markdown), ...inline];
  const named = code.flatMap((text) => [...text.matchAll(/(?<![\w./-])tidemark ([a-z][a-z-]*)/g)]);
  return [...new Set(named.map(([, command]) => command!))].sort();
}

/** The program's commands, from its help. */
async function commands(): Promise<string[]> {
  let help = '';
  const out = (text: string) => {
    help += text;
  };
  await runCommandLine(['--help'], { out, err: () => {}, env: {}, cwd: root, terminal: false });
  const listed = help.slice(help.indexOf('Commands:'), help.indexOf('Exit codes:'));
  return [...listed.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(([, command]) => command!).sort();
}

describe('the documents', () => {
  test('are found', () => {
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/DESIGN.md']));
    expect(relativeLinks(read('README.md')).length).toBeGreaterThan(5);
  });

  test.each(documents)('%s links to nothing that is not there', (path) => {
    const broken = relativeLinks(read(path)).flatMap((target) => brokenLink(path, target) ?? []);
    expect(broken).toEqual([]);
  });

  test.each(['README.md', 'docs/RUNNING.md', 'docs/INTERFACES.md'])(
    '%s names no command that is not there',
    async (path) => {
      const named = commandsIn(read(path));
      expect(named).toContain('run');
      const there = await commands();
      expect(named.filter((command) => !there.includes(command))).toEqual([]);
    },
  );

  test('docs/INTERFACES.md names every command that is there', async () => {
    const named = commandsIn(read('docs/INTERFACES.md'));
    expect((await commands()).filter((command) => command !== 'help' && !named.includes(command))).toEqual([]);
  });
});
