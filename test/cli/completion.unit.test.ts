import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { KEYS } from '../../src/settings/index.ts';
import { tidemark } from './support/harness.ts';

async function scriptFor(shell: string): Promise<string> {
  const { code, out, err } = await tidemark(['completion', shell]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

/** What bash offers for the last of these words, by the script that is printed for it. */
async function bashOffers(...words: string[]): Promise<string[]> {
  const script = `${await scriptFor('bash')}
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tidemark; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', script, 'bash', 'tidemark', ...words]);
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  return stdout.toString().split('\n').filter(Boolean);
}

/** What fish offers, which it prints on request. */
async function fishOffers(line: string): Promise<string[]> {
  const script = `${await scriptFor('fish')}\ncomplete -C ${JSON.stringify(line)}`;
  const { status, stdout, stderr } = spawnSync('fish', ['--no-config', '-c', script]);
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  return stdout
    .toString()
    .split('\n')
    .filter(Boolean)
    .map((offer) => offer.split('\t')[0]!);
}

const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;
const inShell = (shell: string) => (has(shell) ? test : test.skip);

test('every command is completed, and there is help for each with an example', async () => {
  const { out } = await tidemark(['--help']);
  const commands = [...out.matchAll(/^ {2}([a-z-]+) .*$/gm)]
    .map(([, name]) => name!)
    .filter((name) => !name.startsWith('-'));
  expect(commands).toContain('completion');
  const scripts = await Promise.all(['bash', 'zsh', 'fish'].map(scriptFor));
  for (const command of commands.filter((name) => name !== 'help')) {
    const help = (await tidemark([command, '--help'])).out;
    expect(help).toMatch(/Examples:\n {2}\$ /);
    for (const script of scripts) expect(script).toContain(`' ${command}'`);
  }
});

inShell('bash')('bash completes commands, those below them, options and what they take', async () => {
  expect(await bashOffers('se')).toEqual(['setup', 'session']);
  expect(await bashOffers('dead-letter', '')).toEqual(expect.arrayContaining(['list', 'show', 'retry']));
  expect(await bashOffers('dead-letter', 'retry', '--dr')).toEqual(['--dry-run']);
  expect(await bashOffers('dead-letter', 'list', '--json', '--reason', 'un')).toEqual(['undecodable']);
  expect(await bashOffers('late', 'list', '--rea')).toEqual([]);
  expect(await bashOffers('completion', '')).toEqual(expect.arrayContaining(['bash', 'zsh', 'fish']));
  expect(await bashOffers('run', '--set', 'visit.g')).toEqual(['visit.gap=']);
  expect(await bashOffers('run', '-s', '')).toEqual(KEYS.map((key) => `${key}=`));
  expect(await bashOffers('run', '--config', '/etc/passw')).toContain('/etc/passwd');
  expect(await bashOffers('simulate', '--rate', '')).toEqual([]);
});

inShell('fish')(`fish completes the same${has('fish') ? '' : ' (skipped: no fish here)'}`, async () => {
  expect(await fishOffers('tidemark se')).toEqual(['session', 'setup']);
  expect(await fishOffers('tidemark dead-letter ')).toEqual(['list', 'retry', 'show']);
  expect(await fishOffers('tidemark dead-letter retry --dr')).toEqual(['--dry-run']);
  expect(await fishOffers('tidemark dead-letter list --reason un')).toEqual(['undecodable']);
  expect(await fishOffers('tidemark run --set visit.g')).toContain('visit.gap=');
});

inShell('zsh')(`zsh takes the script${has('zsh') ? '' : ' (skipped: no zsh here)'}`, async () => {
  const probe = `
    compdef() { print -r -- "compdef $*" }
    _describe() { print -rl -- "\${(@P)2}" }
    compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -rl -- "$@" }
    eval "$1"
    words=(tidemark dead-letter list --reason ''); CURRENT=5; _tidemark
    words=(tidemark late ''); CURRENT=3; _tidemark`;
  const { status, stdout, stderr } = spawnSync('zsh', ['-f', '-c', probe, 'zsh', await scriptFor('zsh')]);
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.toString().split('\n');
  expect(lines.slice(0, 5)).toEqual(['compdef _tidemark tidemark', 'undecodable', 'invalid', 'future', 'visit_full']);
  expect(lines[5]).toMatch(/^list:the late records/);
});
