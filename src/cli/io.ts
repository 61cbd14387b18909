import { readFileSync } from 'node:fs';

/** What a command may touch of the process: handed in, so that tests run commands in their own. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Whether a person watches. */
  readonly terminal: boolean;
  /** Whether a person watches `err`, so that progress may be shown there. */
  readonly errTerminal?: boolean;
  /** The size of the terminal now; absent where there is none. */
  readonly size?: () => { readonly columns: number; readonly rows: number };
}

/**
 * 0 done, 1 a check failed, 2 wrong usage or settings, 3 something that is needed cannot be reached; 130 and 143 a demo
 * that SIGINT or SIGTERM ended early, as shells number it.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 130 | 143;

export const VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
