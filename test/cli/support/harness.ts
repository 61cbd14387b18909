import type { Io } from '../../../src/cli/io.ts';
import { runCommandLine } from '../../../src/cli/program.ts';

/** Runs a command line in this process, with no environment but the one given. */
export async function tidemark(
  argv: readonly string[],
  { env = {}, cwd = '/' }: { env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    env,
    cwd,
    terminal: false,
  };
  const code = await runCommandLine(argv, io);
  return { code, out, err };
}
