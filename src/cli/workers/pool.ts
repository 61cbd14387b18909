/**
 * The threads that fold, seen from the one that serves HTTP and waits for signals.
 *
 * Invariants: they all run or all end: one that cannot go on ends the rest in order, and its error is the pool's. Each
 * partition is reported once, by the thread that holds its newest epoch, while two threads hand it over.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Observer, PartitionReport } from '../../ports/observer.ts';
import type { Settings } from '../../settings/index.ts';
import type { Prepared } from '../assemble.ts';
import { commitBytes } from './commit-bytes.ts';
import { memoryHere } from './count.ts';
import { type Load, loadOf } from './load.ts';
import { errorOf, type Observed, type Order, type Standing, type Task, type Word } from './messages.ts';

/** A thread that tells nothing for so long, ms, is stuck: folding or encoding takes a second or two at most. */
const STUCK_AFTER = 120_000;
/** How long threads that are ready to join the group wait for the others, ms. */
const LONGEST_WAIT = 1_000;
/** After an orderly end has been asked for, ms: a little more than the processor gives itself. */
const LONGEST_STOP = 20_000;

const ENTRY = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);

interface Member {
  readonly worker: Worker;
  readonly done: Promise<void>;
  /** Whether it waits to join the group, or was told to. */
  ready: boolean;
  standing: Standing;
  /** Its delay is the longest since `takeLoad`; null: it has told none. */
  load: Load | null;
  /** `performance.now()` of its last word. */
  heard: number;
}

export interface PoolParts {
  readonly observer: Observer;
  /** Takes a line of the log, as it is to be written. */
  readonly writeLog: (line: string) => void;
  readonly terminal: boolean;
  /** Told each time that the group gave out partitions. */
  readonly onRebalanced?: () => void;
  /** What a thread runs, if not the processor: for tests. */
  readonly entry?: URL;
}

export class WorkerPool {
  readonly #members: Member[] = [];
  readonly #parts: PoolParts;
  #failure: Error | null = null;
  #stopping: NodeJS.Timeout | null = null;
  /** Running since the first was ready to join. */
  #joining: NodeJS.Timeout | null = null;
  #joined = false;

  /** Starts them. */
  constructor(count: number, settings: Settings, prepared: Prepared, parts: PoolParts) {
    this.#parts = parts;
    const shared = shareOf(settings, count);
    for (let i = 1; i <= count; i++) {
      const worker = count === 1 ? null : i;
      this.#members.push(this.#start({ settings: shared, prepared, worker, terminal: parts.terminal }));
    }
  }

  /**
   * Resolves when all have ended after the signal aborted.
   * @throws what one of them could not go on for, once all have ended.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () => this.#stop();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    await Promise.all(this.#members.map(({ done }) => done));
    signal.removeEventListener('abort', stop);
    if (this.#stopping !== null) clearTimeout(this.#stopping);
    if (this.#joining !== null) clearTimeout(this.#joining);
    if (this.#failure !== null) throw this.#failure;
  }

  /** Why they cannot do all of their work at this moment; null: they can. */
  get hindrance(): string | null {
    const why = this.#members.flatMap(({ standing }) => standing.hindrance ?? []);
    return why.length === 0 ? null : [...new Set(why)].join('; ');
  }

  /** How many there are. */
  get size(): number {
    return this.#members.length;
  }

  /** Whether all are in the consumer group. */
  get isMember(): boolean {
    return this.#members.every(({ standing }) => standing.isMember);
  }

  /** Why a new start would help; null: it would not. */
  get trouble(): string | null {
    if (this.#failure !== null) return 'the processor gave up: the log says why';
    const stuck = this.#members.findIndex(({ heard }) => performance.now() - heard > STUCK_AFTER);
    if (stuck >= 0) return `worker ${stuck + 1} has told nothing for two minutes`;
    return this.#members.map(({ standing }) => standing.trouble).find((why) => why !== null) ?? null;
  }

  /** Ends all threads in order, for something that they cannot go on with: `run` throws it. */
  giveUp(error: Error): void {
    this.#fail(error);
  }

  /** By partition. */
  reports(): PartitionReport[] {
    const newest = new Map<number, PartitionReport>();
    for (const report of this.#members.flatMap(({ standing }) => standing.reports)) {
      const other = newest.get(report.partition);
      if (other === undefined || (report.epoch ?? -1) > (other.epoch ?? -1)) newest.set(report.partition, report);
    }
    return [...newest.values()].sort((a, b) => a.partition - b.partition);
  }

  /** What the threads cost together; delays are those since it was last asked for. */
  takeLoad(): Load {
    const load = loadOf(this.#members.flatMap((member) => member.load ?? []));
    for (const member of this.#members) if (member.load !== null) member.load = { ...member.load, delaySeconds: 0 };
    return load;
  }

  #start(task: Task): Member {
    const worker = new Worker(this.#parts.entry ?? ENTRY, { workerData: task });
    const done = new Promise<void>((resolve) => {
      worker.once('error', (error) => this.#fail(error));
      worker.once('exit', (code) => {
        if (this.#stopping === null) this.#fail(new Error(`a worker ended by itself, with code ${code}`));
        resolve();
      });
    });
    const standing: Standing = { hindrance: 'starting', trouble: null, isMember: false, reports: [] };
    const member: Member = { worker, done, ready: false, standing, load: null, heard: performance.now() };
    worker.on('message', (word: Word) => {
      member.heard = performance.now();
      if ('ready' in word) this.#ready(member);
      else if ('standing' in word) member.standing = word.standing;
      else if ('load' in word) member.load = { ...word.load, delaySeconds: longer(member.load, word.load) };
      else if ('log' in word) this.#parts.writeLog(word.log);
      else if ('error' in word) this.#fail(errorOf(word.error));
      else this.#observe(word.observed);
    });
    return member;
  }

  /**
   * All join at once, for each that comes later has the group deal anew: all stop, half a second after the first ones
   * began. One that the brokers keep waiting does not keep the others.
   */
  #ready(member: Member): void {
    member.ready = true;
    if (this.#joined) {
      member.worker.postMessage('join' satisfies Order);
    } else if (this.#members.every(({ ready }) => ready)) {
      this.#join();
    } else {
      this.#joining ??= setTimeout(() => this.#join(), LONGEST_WAIT);
    }
  }

  #join(): void {
    this.#joined = true;
    if (this.#joining !== null) clearTimeout(this.#joining);
    for (const { worker, ready } of this.#members) if (ready) worker.postMessage('join' satisfies Order);
  }

  #observe({ method, told }: Observed): void {
    const { observer } = this.#parts;
    if (method === 'rebalanced') this.#parts.onRebalanced?.();
    (observer[method] as (...told: unknown[]) => void).apply(observer, [...told]);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#stop();
  }

  #stop(): void {
    if (this.#stopping !== null) return;
    for (const { worker } of this.#members) worker.postMessage('stop' satisfies Order);
    // One that is stuck would keep the process for ever. What it had not committed is folded again.
    this.#stopping = setTimeout(() => {
      for (const { worker } of this.#members) void worker.terminate();
    }, LONGEST_STOP);
  }
}

function longer(before: Load | null, { delaySeconds }: Load): number {
  return Math.max(before?.delaySeconds ?? 0, delaySeconds);
}

/** The settings of each of so many threads, where a setting speaks of the whole process or hangs on what each has. */
function shareOf(settings: Settings, count: number): Settings {
  const { cache, commit, database } = settings;
  return {
    ...settings,
    cache: { ...cache, maxBytes: Math.floor(cache.maxBytes / count) },
    commit: { ...commit, maxBytes: commit.maxBytes ?? commitBytes(memoryHere() / count) },
    database: { ...database, poolSize: Math.max(1, Math.floor(database.poolSize / count)) },
  };
}
