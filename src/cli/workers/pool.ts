/**
 * The threads that fold, seen from the one that serves HTTP and waits for signals.
 *
 * Invariants: all threads run or all end: one that cannot go on ends the others in order, and its error is the pool's. While
 * two threads hand a partition over it is reported once, by the thread that has its newest epoch.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Observer, PartitionReport } from '../../ports/observer.ts';
import type { Settings } from '../../settings/index.ts';
import type { Prepared } from '../assemble.ts';
import { commitBytes } from './commit-bytes.ts';
import { memoryHere } from './count.ts';
import { type Load, loadOf } from './load.ts';
import {
  errorOf,
  type Observed,
  type Task,
  type ThreadOrder,
  type ThreadState,
  type WorkerMessage,
} from './messages.ts';

/** A thread that sends nothing for this long, ms, is stuck: folding or encoding takes a second or two at most. */
const STUCK_AFTER = 120_000;
/** Longest that threads which are ready to join the group wait for the others, ms. */
const LONGEST_WAIT = 1_000;
/** Longest that an orderly end may take, ms: a little more than the processor gives itself. */
const LONGEST_STOP = 20_000;

const ENTRY = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);

interface Thread {
  readonly worker: Worker;
  readonly done: Promise<void>;
  /** Whether it waits to join the group, or was ordered to. */
  isReady: boolean;
  standing: ThreadState;
  /** Its delay is the longest since the last `takeLoad`; null: it has sent none. */
  load: Load | null;
  /** `performance.now()` of its last message. */
  heardAt: number;
}

export interface PoolParts {
  readonly observer: Observer;
  /** Writes a line of the log as it is. */
  readonly writeLog: (line: string) => void;
  readonly terminal: boolean;
  /** Called after each rebalance of the group. */
  readonly onRebalanced?: () => void;
  /** The code that a thread runs, if not the processor: for tests. */
  readonly entry?: URL;
}

export class WorkerPool {
  readonly #threads: Thread[] = [];
  readonly #parts: PoolParts;
  #failure: Error | null = null;
  #stopping: NodeJS.Timeout | null = null;
  /** The timer that was set when the first was ready to join. */
  #joining: NodeJS.Timeout | null = null;
  #joined = false;

  /** Starts them. */
  constructor(count: number, settings: Settings, prepared: Prepared, parts: PoolParts) {
    this.#parts = parts;
    const shared = shareOf(settings, count);
    for (let i = 1; i <= count; i++) {
      const worker = count === 1 ? null : i;
      this.#threads.push(this.#start({ settings: shared, prepared, worker, terminal: parts.terminal }));
    }
  }

  /**
   * Resolves when all have ended after the signal aborted.
   * @throws the error for which one of them could not go on, once all have ended.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#stop();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    await Promise.all(this.#threads.map(({ done }) => done));
    signal.removeEventListener('abort', stop);
    if (this.#stopping !== null) clearTimeout(this.#stopping);
    if (this.#joining !== null) clearTimeout(this.#joining);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Why they cannot do all of their work at this moment; null: they can. */
  get hindrance(): string | null {
    const why = this.#threads.flatMap(({ standing }) => standing.hindrance ?? []);
    return why.length === 0 ? null : [...new Set(why)].join('; ');
  }

  /** The number of threads. */
  get size(): number {
    return this.#threads.length;
  }

  /** Whether all are in the consumer group. */
  get isMember(): boolean {
    return this.#threads.every(({ standing }) => standing.isMember);
  }

  /** Why a new start would help; null: it would not. */
  get trouble(): string | null {
    if (this.#failure !== null) return 'the processor gave up: the log says why';
    const stuck = this.#threads.findIndex(({ heardAt }) => performance.now() - heardAt > STUCK_AFTER);
    if (stuck >= 0) return `worker ${stuck + 1} has told nothing for two minutes`;
    return this.#threads.map(({ standing }) => standing.trouble).find((why) => why !== null) ?? null;
  }

  /** Ends all threads in order because of an error, which `run` throws. */
  giveUp(error: Error): void {
    this.#fail(error);
  }

  /** By partition. */
  reports(): PartitionReport[] {
    const newest = new Map<number, PartitionReport>();
    for (const report of this.#threads.flatMap(({ standing }) => standing.reports)) {
      const other = newest.get(report.partition);
      if (other === undefined || (report.epoch ?? -1) > (other.epoch ?? -1)) newest.set(report.partition, report);
    }
    return [...newest.values()].sort((a, b) => a.partition - b.partition);
  }

  /** The load of the threads together; delays are those since the last call. */
  takeLoad(): Load {
    const load = loadOf(this.#threads.flatMap((thread) => thread.load ?? []));
    for (const thread of this.#threads) if (thread.load !== null) thread.load = { ...thread.load, delaySeconds: 0 };
    return load;
  }

  #start(task: Task): Thread {
    const worker = new Worker(this.#parts.entry ?? ENTRY, { workerData: task });
    const done = new Promise<void>((resolve) => {
      worker.once('error', (error) => this.#fail(error));
      worker.once('exit', (code) => {
        if (this.#stopping === null) this.#fail(new Error(`a worker ended by itself, with code ${code}`));
        resolve();
      });
    });
    const standing: ThreadState = { hindrance: 'starting', trouble: null, isMember: false, reports: [] };
    const thread: Thread = { worker, done, isReady: false, standing, load: null, heardAt: performance.now() };
    worker.on('message', (message: WorkerMessage) => {
      thread.heardAt = performance.now();
      if ('ready' in message) this.#ready(thread);
      else if ('standing' in message) thread.standing = message.standing;
      else if ('load' in message) thread.load = { ...message.load, delaySeconds: longer(thread.load, message.load) };
      else if ('log' in message) this.#parts.writeLog(message.log);
      else if ('error' in message) this.#fail(errorOf(message.error));
      else this.#observe(message.observed);
    });
    return thread;
  }

  /**
   * All join at once, because each that joins later makes the group rebalance: all would stop, half a second after the first
   * ones began. One that waits for the brokers does not hold up the others.
   */
  #ready(thread: Thread): void {
    thread.isReady = true;
    if (this.#joined) {
      thread.worker.postMessage('join' satisfies ThreadOrder);
    } else if (this.#threads.every(({ isReady }) => isReady)) {
      this.#join();
    } else {
      this.#joining ??= setTimeout(() => this.#join(), LONGEST_WAIT);
    }
  }

  #join(): void {
    this.#joined = true;
    if (this.#joining !== null) clearTimeout(this.#joining);
    for (const { worker, isReady } of this.#threads) if (isReady) worker.postMessage('join' satisfies ThreadOrder);
  }

  #observe({ method, args }: Observed): void {
    const { observer } = this.#parts;
    if (method === 'rebalanced') this.#parts.onRebalanced?.();
    (observer[method] as (...args: unknown[]) => void).apply(observer, [...args]);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#stop();
  }

  #stop(): void {
    if (this.#stopping !== null) return;
    for (const { worker } of this.#threads) worker.postMessage('stop' satisfies ThreadOrder);
    // A thread that is stuck would keep the process from ending. What it had not committed is folded again.
    this.#stopping = setTimeout(() => {
      for (const { worker } of this.#threads) void worker.terminate();
    }, LONGEST_STOP);
  }
}

function longer(before: Load | null, { delaySeconds }: Load): number {
  return Math.max(before?.delaySeconds ?? 0, delaySeconds);
}

/** The settings of one of `count` threads: some settings are for the whole process, and some depend on a thread's memory. */
function shareOf(settings: Settings, count: number): Settings {
  const { cache, commit, database } = settings;
  return {
    ...settings,
    cache: { ...cache, maxBytes: Math.floor(cache.maxBytes / count) },
    commit: { ...commit, maxBytes: commit.maxBytes ?? commitBytes(memoryHere() / count) },
    database: { ...database, poolSize: Math.max(1, Math.floor(database.poolSize / count)) },
  };
}
