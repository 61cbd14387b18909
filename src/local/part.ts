import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { wallClock } from '../time/clock.ts';
import type { Keeper } from './keeper.ts';
import type { Part } from './types.ts';

export interface PartSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The user that the process runs as, if it must not be ours. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly log: string;
  /** How the keeper ends it. */
  readonly endBy: 'KILL' | 'QUIT';
  /** Whether it answers, asked every 50 ms with its output since it was started. */
  readonly isUp: (output: string) => boolean | Promise<boolean>;
  /** Whether, by its output, a process that ended while starting is to be started once more. Never unless given. */
  readonly again?: (output: string) => boolean;
  readonly keeper: Keeper;
  readonly onProgress: (line: string) => void;
}

const UP_WITHIN_MS = 90_000;

/** Starts the process and waits until it answers. Throws with the last lines of its log where it does not. */
export async function startPart(spec: PartSpec): Promise<Part> {
  const part = new RunningPart(spec);
  await part.start();
  return part;
}

class RunningPart implements Part {
  readonly name: string;
  readonly log: string;
  readonly #spec: PartSpec;
  #child: ChildProcess | null = null;
  #exit: Promise<void> = Promise.resolve();
  /** How it ended. */
  #why = '';
  /** Whether its end would be worth a report. */
  #up = false;

  constructor(spec: PartSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.log = spec.log;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} was never started`);
    return pid;
  }

  async start(): Promise<void> {
    if (this.#child && !isOver(this.#child)) throw new Error(`${this.name} runs already, as process ${this.pid}`);
    const spec = this.#spec;
    const deadline = Date.now() + UP_WITHIN_MS;
    let { child, from } = this.#spawn();
    for (;;) {
      // This is read before the log, which then has the last output of a process that ended.
      const over = isOver(child);
      const output = (await readFile(spec.log)).subarray(from).toString();
      if (over && spec.again?.(output) && Date.now() < deadline) ({ child, from } = this.#spawn());
      else if (over) throw new Error(`${spec.name} ended while starting (${this.#why}). ${await this.#lastLines()}`);
      else if (await spec.isUp(output)) break;
      if (Date.now() > deadline) {
        await this.kill();
        throw new Error(`${spec.name} did not answer within ${UP_WITHIN_MS / 1000} s. ${await this.#lastLines()}`);
      }
      await wallClock.sleep(50);
    }
    this.#up = true;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#up = false;
    this.#child?.ref();
    this.#child?.kill(signal);
    await this.#exit;
  }

  #spawn(): { child: ChildProcess; from: number } {
    const spec = this.#spec;
    // The log is a file and no pipe: a part must not stand still, or end, because its owner does.
    const log = openSync(spec.log, 'a');
    const from = statSync(spec.log).size;
    const child = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log],
      ...spec.user,
    });
    closeSync(log);
    if (child.pid !== undefined) spec.keeper.watch(child.pid, spec.endBy);
    child.unref();
    this.#child = child;
    this.#up = false;
    this.#exit = new Promise((resolve) => {
      const over = (why: string): void => {
        if (child.pid !== undefined) spec.keeper.unwatch(child.pid);
        this.#why = why;
        if (this.#up && !spec.keeper.stopping)
          spec.onProgress(`${spec.name} ended by itself (${why}); its log: ${spec.log}`);
        resolve();
      };
      child.once('exit', (code, signal) => over(signal ?? `exit code ${code}`));
      child.once('error', (error) => over(error.message));
    });
    return { child, from };
  }

  async #lastLines(): Promise<string> {
    const lines = (await readFile(this.log, 'utf8')).trimEnd().split('\n').slice(-15);
    return `Its last lines were:\n${lines.join('\n')}`;
  }
}

function isOver(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
