import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Keeper } from '../../src/local/keeper.ts';
import { wallClock } from '../../src/time/clock.ts';
import { within } from '../../src/time/waiting.ts';
import type { Link } from './link.ts';
import type { Log } from './log.ts';
import { patience } from './options.ts';
import type { TcpProxy } from './proxy.ts';
import type { Environment } from './settings.ts';
import type { Work } from './watch.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** An orderly end that takes longer than this is a defect, ms. */
const STOP_WITHIN = patience(15_000);
/** In its log once it has begun to fold: from then on it waits for what it may not. */
const BEGUN = /threads? folds?"/;

export const FARS = ['broker', 'database', 'registry'] as const;
export type Far = (typeof FARS)[number];
/** One for each broker, by id from 1, and one for each other part. */
export type Proxies = Readonly<Record<Far, readonly TcpProxy[]>>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A place where a processor runs, one process after the other, behind proxies of its own. */
export class Slot {
  readonly name: string;
  readonly proxies: Proxies;
  /** Where its processes answer. */
  readonly url: string;
  /** What went wrong by itself: a processor that gave up, or did not end at a signal. */
  readonly complaints: string[] = [];
  /** How often it ended at its start, as it should, because a right or a password was missing. */
  refusals = 0;
  readonly #env: Environment;
  readonly #log: Log;
  readonly #keeper: Keeper;
  #child: ChildProcess | null = null;
  #exit: Promise<Exit> = Promise.resolve({ code: 0, signal: null });
  #file = '';
  #starts = 0;
  /** Its end is wanted. */
  #ending = true;
  /** Whether what it needs was taken away while its present process ran: it may say so, and end before it begins. */
  #deprived = false;
  readonly #isDeprived: () => boolean;

  constructor(name: string, proxies: Proxies, env: Environment, log: Log, keeper: Keeper, isDeprived: () => boolean) {
    this.name = name;
    this.#isDeprived = isDeprived;
    this.proxies = proxies;
    this.url = `http://127.0.0.1:${env.TIDEMARK_HTTP_PORT}`;
    this.#env = env;
    this.#log = log;
    this.#keeper = keeper;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  start(env: Environment = {}, mayDie = false): void {
    if (this.#child !== null) throw new Error(`${this.name} runs already`);
    this.#file = join(this.#log.directory, `${this.name.replace(' ', '-')}.${++this.#starts}.log`);
    const file = openSync(this.#file, 'a');
    const { PATH, HOME, TMPDIR } = process.env;
    const base = { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }) };
    const child = spawn(process.execPath, [MAIN, 'run'], {
      env: { ...base, ...this.#env, ...env },
      stdio: ['ignore', file, file],
    });
    closeSync(file);
    this.#child = child;
    if (child.pid !== undefined) this.#keeper.watch(child.pid, 'KILL');
    this.#ending = mayDie;
    this.#deprived = this.#isDeprived();
    this.#exit = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#child = null;
        this.#keeper.unwatch(child.pid!);
        if (!this.#ending) this.#gaveUp({ code, signal });
        resolve({ code, signal });
      });
    });
  }

  /** SIGKILL, SIGSTOP or SIGCONT; nothing if there is no process. */
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    if (signal === 'SIGKILL') this.#ending = true;
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#exit;
  }

  /** SIGTERM, and that it ends in order. */
  async stop(): Promise<void> {
    this.#ending = true;
    if (this.#child === null) return;
    this.#child.kill('SIGTERM');
    const exit = await this.over(STOP_WITHIN);
    if (exit === null) {
      this.complain(`did not end within ${STOP_WITHIN} ms of SIGTERM: ${this.#file}`);
      await this.kill();
    } else if (exit.code !== 0 && !this.#isRefusal(exit) && (await this.said()).includes('"listening"')) {
      // Before it listens it has begun nothing, and leaves a signal to the system.
      this.complain(`ended with ${exit.signal ?? `code ${exit.code}`} after SIGTERM: ${this.#file}`);
    }
  }

  /** How it ended; null if it did not in that time. */
  async over(ms: number): Promise<Exit | null> {
    return await within(wallClock, ms, this.#exit);
  }

  /** All output of the present process, or of the last one. */
  async said(): Promise<string> {
    return await readFile(this.#file, 'utf8');
  }

  /** What is under way on its connections; nothing where they cannot be read. */
  underWay(): Work[] {
    const { broker, database } = this.proxies;
    const any = (proxies: readonly TcpProxy[]) => proxies.some((proxy) => proxy.isUnderWay());
    return [...(any(database) ? (['commit'] as const) : []), ...(any(broker) ? (['transaction'] as const) : [])];
  }

  /** Whether what is under way can be read. */
  get isOpened(): boolean {
    return this.proxies.database.every((proxy) => proxy.isOpened);
  }

  /** Whether it may refuse to start, or to go on. */
  get mayRefuse(): boolean {
    return this.#deprived;
  }

  /** A right or a password is not what it should be at the moment. */
  deprive(): void {
    this.#deprived = true;
  }

  #gaveUp(exit: Exit): void {
    if (this.#isRefusal(exit)) {
      this.refusals += 1;
      this.#log.say(`${this.name} refused to start, or to go on (code ${exit.code}): ${this.#file}`);
      // As a supervisor would: soon, and not at once.
      setTimeout(() => this.#startAgain(), 1_000);
      return;
    }
    this.complain(`ended by itself with ${exit.signal ?? `code ${exit.code}`}: ${this.#file}`);
    this.start();
  }

  #isRefusal({ code }: Exit): boolean {
    if (code === null || code === 0) return false;
    return this.#deprived && !BEGUN.test(readFileSync(this.#file, 'utf8'));
  }

  #startAgain(): void {
    if (this.#child === null && !this.#ending) this.start();
  }

  complain(what: string): void {
    this.complaints.push(`${this.name} ${what}`);
    this.#log.say(`!! ${this.name} ${what}`);
  }
}

/** Waits until work of that kind begins in one of the slots; null if none does within `ms`. */
export function begins(slots: readonly Slot[], work: Work, ms: number): Promise<Link | null> {
  const proxies = slots.flatMap((slot) => slot.proxies[work === 'commit' ? 'database' : 'broker']);
  return new Promise((resolve) => {
    const onBegun = (_: Work, link: Link) => end(link);
    const timer = setTimeout(() => end(null), ms);
    const end = (link: Link | null) => {
      clearTimeout(timer);
      for (const proxy of proxies) proxy.off('begun', onBegun);
      resolve(link);
    };
    for (const proxy of proxies) proxy.on('begun', onBegun);
  });
}
