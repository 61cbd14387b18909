import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Whether a process with that id is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Starts a Node program and reads the first line that it prints, which is JSON. */
export async function startProgram<T>(file: URL, env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; said: T }> {
  const child = spawn(process.execPath, [file.pathname], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) return { child, said: JSON.parse(line) as T };
  throw new Error(`${file.pathname} ended without a word`);
}
