import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestPipeline } from './pipeline.ts';

/** A program of `examples/`, and what runs it. */
export interface Example {
  readonly command: string;
  readonly file: string;
}

/** One run of it. */
export class ExampleRun {
  readonly #child: ChildProcess;
  #said = '';
  readonly exit: Promise<number | NodeJS.Signals | null>;

  constructor({ command, file }: Example, args: readonly string[], pipeline: TestPipeline) {
    const path = fileURLToPath(new URL(`../../../examples/${file}`, import.meta.url));
    const env = { PATH: process.env.PATH, GROUP: `${pipeline.name}-example`, PYTHONUNBUFFERED: '1', ...pipeline.env };
    this.#child = spawn(command, [path, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      stream.on('data', (chunk: Buffer) => {
        this.#said += chunk;
      });
    }
    this.exit = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code, signal) => resolve(code ?? signal));
    });
  }

  /** All that it printed. */
  get said(): string {
    return this.#said;
  }

  get isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
