/** Time, passed to all that reads it or waits: tests pass one that they set. */
export interface Clock {
  /** ms since the epoch. It may be set, forward or back: never use it for how long something took. */
  now(): number;
  /** ms since some moment; never goes back. */
  elapsed(): number;
  /** Resolves after `ms`, or at once when the signal aborts; with 0 once all else that can run has had its turn. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const wallClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      if (ms === 0) {
        // A timer would take a millisecond.
        setImmediate(resolve);
        return;
      }
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
    }),
};
