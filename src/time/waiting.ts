import type { Clock } from './clock.ts';

/** One sleeper that others may wake: a wake that comes while none sleeps counts for the next sleep. */
export class Waker {
  private readonly clock: Clock;
  private abort: AbortController | null = null;
  private woken = false;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  wake(): void {
    this.woken = true;
    // A reason of its own: the default is an exception with its stack, each time.
    this.abort?.abort('woken');
  }

  /** Resolves after `ms`, or as soon as `wake` is called. */
  async sleep(ms: number): Promise<void> {
    if (!this.woken) {
      this.abort = new AbortController();
      await this.clock.sleep(ms, this.abort.signal);
      this.abort = null;
    }
    this.woken = false;
  }
}

/** Waits before something is tried again, in ms: they double from `first` up to `longest`. */
export interface Waits {
  readonly first: number;
  readonly longest: number;
}

/** Notices within three seconds what is back, and does not ask what is away too often. */
const AWAY: Waits = { first: 100, longest: 2_500 };

/** How long to wait before the n-th attempt (from 1), in ms. */
export function backoff(attempt: number, { first, longest }: Waits = AWAY): number {
  return Math.min(longest, first * 2 ** Math.min(attempt - 1, 10));
}

/** The waits of one loop, one after the other. */
export class Backoff {
  readonly #waits: Waits;
  #attempts = 0;

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  /** The next wait, in ms. */
  next(): number {
    this.#attempts += 1;
    return backoff(this.#attempts, this.#waits);
  }

  /** The next wait is the first one again. */
  reset(): void {
    this.#attempts = 0;
  }
}

/**
 * Resolves and rejects as `work` does; or, if it takes longer than `ms` or the signal aborts first, as `otherwise`
 * does, with null where there is none. `work` goes on then, and its error is lost. Leaves nothing behind at the signal.
 */
export function within<T>(clock: Sleeps, ms: number, work: Promise<T>): Promise<T | null>;
export function within<T, U>(
  clock: Sleeps,
  ms: number,
  work: Promise<T>,
  otherwise: () => U,
  signal?: AbortSignal,
): Promise<T | U>;
export async function within<T, U>(
  clock: Sleeps,
  ms: number,
  work: Promise<T>,
  otherwise?: () => U,
  signal?: AbortSignal,
): Promise<T | U | null> {
  const done = new AbortController();
  // A reason of its own: the default is an exception with its stack, each time.
  const end = () => done.abort('done');
  signal?.addEventListener('abort', end);
  if (signal?.aborted) end();
  try {
    const first = await Promise.race([work, clock.sleep(ms, done.signal).then((): typeof OVER => OVER)]);
    return first !== OVER ? first : otherwise === undefined ? null : otherwise();
  } finally {
    end();
    signal?.removeEventListener('abort', end);
  }
}

type Sleeps = Pick<Clock, 'sleep'>;

const OVER = Symbol('over');

/**
 * Resolves and rejects as `work` does, or with null if the signal aborts first; `work` goes on then, and its error is
 * lost.
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const abort = () => resolve(null);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
