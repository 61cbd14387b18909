/** `tidemark run` of the built program, as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Keeper } from '../../src/local/keeper.ts';
import { processes, treeCpu, treePeak, treeRss } from '../measure/proc.ts';
import type { Environment } from './pipeline.ts';

interface Line {
  readonly level: string;
  /** ISO. */
  readonly time: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Lines that are kept, for when it fails. */
const KEPT = 200;
const STOP_WITHIN = 20_000;

export class Program {
  readonly pid: number;
  /** ms since the epoch. */
  readonly started = Date.now();
  /** When it took its first partition over, ms since the epoch; null before. Nothing is folded before that. */
  takenOver: number | null = null;
  /** The same of each partition, the last time. */
  readonly taken = new Map<number, number>();
  /** When the group last gave it partitions, ms since the epoch; null before. */
  assigned: number | null = null;
  /** Where it listens; null before it does. */
  url: string | null = null;
  /** null while it runs. */
  ended: string | null = null;
  readonly #child: ChildProcess;
  /** How it ended. */
  readonly over: Promise<string>;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<{ msg: string; tell: (line: Line) => void }>();

  /** @param flags of Node. */
  constructor(main: string, env: Environment, keeper: Keeper, flags: readonly string[] = []) {
    const child = spawn(process.execPath, [...flags, main, 'run'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.pid = child.pid ?? -1;
    if (child.pid !== undefined) keeper.watch(child.pid, 'KILL');
    createInterface(child.stdout!).on('line', (line) => this.#hear(line));
    createInterface(child.stderr!).on('line', (line) => this.#keep(`stderr: ${line}`));
    this.over = new Promise((resolve) => {
      const over = (how: string) => {
        this.ended = how;
        if (child.pid !== undefined) keeper.unwatch(child.pid);
        resolve(how);
      };
      child.once('error', (error) => over(error.message));
      child.once('close', (code, signal) => over(signal ?? `exit code ${code}`));
    });
  }

  /**
   * CPU seconds so far, and highest resident memory so far in bytes, of it and its own processes; 0 where it has ended.
   * The kernel keeps both, so that nothing has to sample meanwhile: looking at all processes takes CPU from what is measured.
   */
  measure(): { readonly cpu: number; readonly peak: number } {
    const all = processes();
    return { cpu: treeCpu(this.pid, all), peak: treePeak(this.pid, all) };
  }

  /** Counters or gauges of one reading of `/metrics`, each summed over its labels; 0 where it does not listen yet. */
  async metrics<const Names extends readonly string[]>(...names: Names): Promise<{ [Name in keyof Names]: number }> {
    const text = this.url === null ? '' : await (await fetch(`${this.url}/metrics`)).text();
    const lines = text.split('\n');
    const totalOf = (name: string) =>
      lines
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    return names.map(totalOf) as { [Name in keyof Names]: number };
  }

  rss(): number {
    return treeRss(this.pid);
  }

  /** @throws if it has ended by itself. */
  assertRuns(): void {
    if (this.ended !== null) throw new Error(`tidemark run ended (${this.ended}):\n${this.tail()}`);
  }

  /** The next line of its log with this message. */
  async hears(msg: string): Promise<Line> {
    return await new Promise((resolve, reject) => {
      const wanted = { msg, tell: resolve };
      this.#waiting.add(wanted);
      void this.over.then(() =>
        reject(new Error(`tidemark run ended (${this.ended}) before "${msg}":\n${this.tail()}`)),
      );
    });
  }

  /** SIGTERM, and the end. @throws where it takes too long or is not in order. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN);
    await this.over;
    clearTimeout(timer);
    if (this.ended !== 'exit code 0')
      throw new Error(`tidemark run did not stop in order (${this.ended}):\n${this.tail()}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.over;
  }

  tail(lines = 15): string {
    return this.#lines.slice(-lines).join('\n');
  }

  #hear(text: string): void {
    this.#keep(text);
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text) as Line;
    if (line.msg === 'partition taken over') {
      this.takenOver ??= Date.parse(line.time);
      this.taken.set(Number(line.partition), Date.parse(line.time));
    }
    if (line.msg === 'partitions assigned') this.assigned = Date.parse(line.time);
    if (line.msg === 'listening') this.url = String(line.url);
    for (const wanted of this.#waiting) {
      if (wanted.msg !== line.msg) continue;
      this.#waiting.delete(wanted);
      wanted.tell(line);
    }
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > 2 * KEPT) this.#lines.splice(0, KEPT);
  }
}
