import { spawn } from 'node:child_process';

export interface RunOptions {
  readonly cwd?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  /** Written to its standard input, which is empty otherwise. */
  readonly input?: string;
  /** Called with each line as it comes. */
  readonly onLine?: (line: string) => void;
  /** Called with the process id once it runs. */
  readonly onStart?: (pid: number) => void;
}

/** Runs a program to its end and gives its output. Throws, with its last lines, unless it exits 0. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<string> {
  const { cwd, env, uid, gid, input, onLine, onStart } = options;
  return new Promise((resolve, reject) => {
    const user = uid === undefined || gid === undefined ? {} : { uid, gid };
    const child = spawn(command, args, { env, detached: true, ...(cwd === undefined ? {} : { cwd }), ...user });
    let output = '';
    let line = '';
    const take = (chunk: Buffer): void => {
      output += chunk;
      if (!onLine) return;
      const lines = (line + chunk).split('\n');
      line = lines.pop() ?? '';
      for (const each of lines) onLine(each);
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${signal ?? `exit code ${code}`}:\n${tail(output)}`));
    });
    if (child.pid !== undefined) onStart?.(child.pid);
    // A program that ends without reading its input has an exit code that tells whether it failed.
    child.stdin.on('error', () => {});
    child.stdin.end(input ?? '');
  });
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-15).join('\n');
}
