import type { Clock } from './clock.ts';

/** One sleeper that others may wake: a wake that comes while nobody sleeps is kept for the next sleep. */
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

const FIRST_DELAY = 100;
/** What is back is noticed within three seconds, what is away asked for seldom enough. */
const LONGEST_DELAY = 2_500;

/** How long to wait before the n-th attempt (from 1) at something that is away, in ms. */
export function backoff(attempt: number): number {
  return Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt - 1, 10));
}

/** Resolves as the promise does, or with null after `ms`. The promise's own failure is passed on if it comes first. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | null> {
  const abort = new AbortController();
  try {
    return await Promise.race([promise, clock.sleep(ms, abort.signal).then(() => null)]);
  } finally {
    abort.abort('done');
  }
}
