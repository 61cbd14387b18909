/**
 * Helm, and the validator of what it renders, each fetched once for each user and version.
 *
 * Invariant: a directory is in the cache only if it is complete. It is filled under another name and renamed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** Rendered bytes are compared, so exactly this version is used. */
const HELM = 'v4.3.1';
const VALIDATE = '1.37.0';

/** A program is missing and cannot be fetched. */
export class NotToBeHad extends Error {
  override readonly name = 'NotToBeHad';
}

export interface Ran {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Helm with these arguments. @throws NotToBeHad */
export function helm(args: readonly string[]): Ran {
  return run(helmProgram(), args);
}

/**
 * Validates files of resources against the schemas of a version of Kubernetes, `1.37`; stdout names the files that are wrong.
 * Unknown fields are errors. @throws NotToBeHad
 */
export function validate(files: readonly string[], version: string): Ran {
  const directory = cached(`kubernetes-validate-${VALIDATE}`, (into) => ({
    program: 'python3',
    args: ['-m', 'pip', 'install', '--quiet', '--target', into, `kubernetes-validate==${VALIDATE}`],
    needs: 'Python 3 with pip',
    size: 'about 120 MB from PyPI',
  }));
  const PYTHONPATH = [directory, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const args = ['-m', 'kubernetes_validate', '--strict', '--no-warn', '--quiet', '-k', version, ...files];
  return run('python3', args, { PYTHONPATH });
}

let program: string | null = null;

function helmProgram(): string {
  program ??= onPath() ?? join(fetchedHelm(), 'helm');
  return program;
}

/** The Helm on PATH, if it has the right version. */
function onPath(): string | null {
  const { error, stdout } = spawnSync('helm', ['version', '--template', '{{.Version}}'], { encoding: 'utf8' });
  return error === undefined && stdout.trim() === HELM ? 'helm' : null;
}

function fetchedHelm(): string {
  return cached(`helm-${HELM}`, (into) => ({
    program: 'go',
    args: ['install', `helm.sh/helm/v4/cmd/helm@${HELM}`],
    env: { GOBIN: into },
    needs: 'Go 1.26 or newer',
    size: 'some minutes of compiling',
  }));
}

interface Fetching {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** What has to be on the machine, for people. */
  readonly needs: string;
  readonly size: string;
}

/** The directory of this name in the cache, which is filled first if it does not exist. */
function cached(name: string, fetching: (into: string) => Fetching): string {
  const directory = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidemark', name);
  if (existsSync(directory)) return directory;
  mkdirSync(dirname(directory), { recursive: true });
  const partial = mkdtempSync(`${directory}.partial-`);
  try {
    const { program, args, env, needs, size } = fetching(partial);
    console.error(`fetching ${name} (${size}, once)`);
    const { ok, stderr } = run(program, args, env);
    if (!ok) {
      throw new NotToBeHad(`${name} is not there and could not be fetched, which takes ${needs}: ${stderr.trim()}`);
    }
    // If another start was faster, its files are the same.
    if (!existsSync(directory)) renameSync(partial, directory);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return directory;
}

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
    env: { ...process.env, ...env },
  });
  if (error !== undefined) return { ok: false, stdout: '', stderr: error.message };
  return { ok: status === 0, stdout, stderr };
}
