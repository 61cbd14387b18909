import { setTimeout as sleep } from 'node:timers/promises';

const FIRST = 250;
/** What is waited for is tried for some seconds each time besides. */
const MOST = 3_000;

/** Waits that double, from a quarter of a second to three seconds. */
export class Backoff {
  #next = FIRST;

  /** The next wait, in ms. */
  next(): number {
    const wait = this.#next;
    this.#next = Math.min(MOST, wait * 2);
    return wait;
  }

  reset(): void {
    this.#next = FIRST;
  }

  /** Resolves after `ms`, or at once when the signal aborts. */
  async sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
