import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = fileURLToPath(new URL('../../../examples/requirements.txt', import.meta.url));

export type Python = { readonly path: string } | { readonly missing: string };

/**
 * A Python that has what the examples need, in an environment of its own under `~/.cache/tidemark`; made where it is not
 * there, which takes half a minute.
 */
export function pythonForExamples(): Python {
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const directory = join(homedir(), '.cache', 'tidemark', `python-${wanted}`);
  const path = join(directory, 'bin', 'python');
  const complete = join(directory, 'complete');
  if (existsSync(complete)) return { path };
  rmSync(directory, { recursive: true, force: true });
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', directory],
    [path, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS],
  ] as const) {
    const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 300_000 });
    const why = error?.message ?? stderr.trim().split('\n').at(-1);
    if (status !== 0) return { missing: `${[command, ...args.slice(0, 3)].join(' ')}: ${why}` };
  }
  writeFileSync(complete, '');
  return { path };
}
