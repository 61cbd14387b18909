import { spawnSync } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Variables that npm sets for the scripts that it runs, as it may run these tests, and those that scripts set for each other. */
const OF_THE_OUTER =
  /^(npm_(package|lifecycle|command|config_(local_prefix|omit|include|ignore_scripts|production))|INIT_CWD|NODE_ENV|NODE_OPTIONS|TIDEMARK_)/;

/** Runs npm, or another program, to its end. @param node the program that is first on the PATH; ours unless given. */
export function run(
  [command, ...args]: readonly [string, ...string[]],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  node = process.execPath,
): Ended {
  const outer = Object.entries(process.env).filter(([name]) => !OF_THE_OUTER.test(name));
  const path = [dirname(node), process.env.PATH].join(delimiter);
  const all = { ...Object.fromEntries(outer), ...env, PATH: path };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env: all, encoding: 'utf8' });
  if (error) throw error;
  return { code: status, out: stdout, err: stderr };
}

/** Like `run`. @throws with its output unless it exits 0. */
export function done(...given: Parameters<typeof run>): Ended {
  const ended = run(...given);
  if (ended.code !== 0) throw new Error(`${given[0].join(' ')} ended with ${ended.code}:\n${ended.out}${ended.err}`);
  return ended;
}
