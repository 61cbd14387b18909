import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { wallClock } from '../../../src/time/clock.ts';
import { within } from '../../../src/time/waiting.ts';
import { until } from '../../support/until.ts';

const MAIN = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

/** What runs a command: Node.js, and the program that npm made from package.json's `bin`. */
export interface Built {
  readonly node: string;
  readonly main: string;
}

/** How a process ended: exactly one of the two is not null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command of the built program, as a process of its own. */
export class Program {
  readonly name: string;
  readonly exit: Promise<Exit>;
  /** Lines of standard output, then of standard error; both grow. */
  readonly out: string[] = [];
  readonly err: string[] = [];
  /** null while it runs. */
  ended: Exit | null = null;
  readonly #child: ChildProcess;

  /**
   * @param env all of it: of the tests' own environment the program gets what every process needs, and no more.
   * @param built the checkout's unless given.
   */
  constructor(
    name: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    { node, main }: Built = { node: process.execPath, main: MAIN },
  ) {
    if (!existsSync(main)) throw new Error(`${main} is not there: npm test builds it, and so does npm run build`);
    this.name = name;
    const { PATH, HOME, TMPDIR } = process.env;
    this.#child = spawn(node, [main, ...args], {
      env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const read = (stream: NodeJS.ReadableStream, lines: string[]) =>
      createInterface(stream).on('line', (line) => lines.push(line));
    read(this.#child.stdout!, this.out);
    read(this.#child.stderr!, this.err);
    this.exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      // Not `exit`: by `close` all its output has been read.
      this.#child.once('close', (code, signal) => {
        this.ended = { code, signal };
        resolve(this.ended);
      });
    });
    // Callers that wait for it see the error; none has to.
    this.exit.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Nothing happens to a process that has ended. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Its log, a JSON object a line. */
  log(): { readonly level: string; readonly msg: string; readonly [field: string]: unknown }[] {
    return this.out.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** Waits until it logs a message that matches, after the first `skip` lines. @returns lines up to and with it. */
  async logs(message: RegExp, skip = 0): Promise<number> {
    let found = -1;
    await this.#until(`it logs ${message}`, () => {
      found = this.log().findIndex(({ msg }, i) => i >= skip && message.test(msg));
      return found >= 0;
    });
    return found + 1;
  }

  /** Waits until `/readyz` answers 200: it has joined the group, and has taken over what it was given. */
  async ready(): Promise<void> {
    await this.logs(/^listening$/);
    await this.#until('/readyz says yes', async () => (await this.get('/readyz').catch(() => null))?.status === 200);
  }

  async get(path: string): Promise<Response> {
    const listening = this.log().find(({ msg }) => msg === 'listening');
    if (listening === undefined) throw new Error(`${this.name} does not listen yet`);
    // A connection of its own: one that is kept may be closed by the program just as it is used again.
    return await fetch(`${String(listening.url)}${path}`, { headers: { connection: 'close' } });
  }

  async #until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await until(`${this.name}: ${what}`, async () => {
      if (await condition()) return true;
      if (this.ended !== null) {
        throw new Error(`${this.name} ended (${JSON.stringify(this.ended)}) before this came: ${what}`);
      }
      return false;
    });
  }

  /** SIGTERM, and how it ended; @throws if it takes longer than an orderly end may. */
  async stop(ms = 15_000): Promise<Exit> {
    this.kill('SIGTERM');
    return await this.over(ms);
  }

  /** How it ended; @throws if that takes longer. */
  async over(ms = 60_000): Promise<Exit> {
    return await within(wallClock, ms, this.exit, () => {
      throw new Error(`${this.name} has not ended within ${ms} ms`);
    });
  }

  /** For people, when a test failed. */
  tail(lines = 60): string {
    const how = this.ended === null ? 'still running' : `ended: ${JSON.stringify(this.ended)}`;
    const said = [...this.out.slice(-lines), ...this.err.slice(-lines).map((line) => `stderr: ${line}`)];
    return [`--- ${this.name} (pid ${this.pid}, ${how})`, ...said].join('\n');
  }
}

/** A counter of `/metrics`, summed over its series, or those alone that have `label`. */
export async function counted(program: Program, name: string, label = ''): Promise<number> {
  const lines = (await (await program.get('/metrics')).text()).split('\n');
  const own = lines.filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return own.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}
