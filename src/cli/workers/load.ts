import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** The cost of a thread, or of several together. */
export interface Load {
  /** Longest that its event loop was blocked, heartbeats with it, since this was last read; of several threads the longest. */
  readonly delaySeconds: number;
  /** Heap in use, with garbage that is not collected yet. */
  readonly heapBytes: number;
  /** Heap that was taken from the machine, in use or not. */
  readonly heapSizeBytes: number;
  /** Bytes of buffers, which lie outside the heap. */
  readonly externalBytes: number;
  /** Time spent on collecting garbage, since the thread began. */
  readonly gcSeconds: number;
}

/** Begins to measure the thread that calls it. @returns a function that gives the load since its last call. */
export function measureLoad(): () => Load {
  // A finer resolution would cost more than it shows: delays of seconds are what matters.
  const delay = monitorEventLoopDelay({ resolution: 50 });
  delay.enable();
  let collecting = 0;
  const collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) collecting += duration;
  });
  collections.observe({ entryTypes: ['gc'] });
  return () => {
    const delaySeconds = delay.max / 1e9;
    delay.reset();
    const heap = getHeapStatistics();
    return {
      delaySeconds,
      heapBytes: heap.used_heap_size,
      heapSizeBytes: heap.total_heap_size,
      externalBytes: heap.external_memory,
      gcSeconds: collecting / 1_000,
    };
  };
}

/** The load of several threads together. */
export function loadOf(threads: readonly Load[]): Load {
  const sum = (of: (load: Load) => number) => threads.reduce((total, load) => total + of(load), 0);
  return {
    delaySeconds: Math.max(0, ...threads.map(({ delaySeconds }) => delaySeconds)),
    heapBytes: sum(({ heapBytes }) => heapBytes),
    heapSizeBytes: sum(({ heapSizeBytes }) => heapSizeBytes),
    externalBytes: sum(({ externalBytes }) => externalBytes),
    gcSeconds: sum(({ gcSeconds }) => gcSeconds),
  };
}
