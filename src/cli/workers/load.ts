import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/** The cost of a thread, or of several together. */
export interface Load {
  /** Longest that its event loop was kept from anything else, heartbeats too, since this was last read; of several the worst. */
  readonly delaySeconds: number;
  /** In use, garbage that is not collected yet with it. */
  readonly heapBytes: number;
  /** Taken from the machine, in use or not. */
  readonly heapSizeBytes: number;
  /** Bytes of buffers, which lie outside the heap. */
  readonly externalBytes: number;
  /** Spent on collecting garbage, since it began. */
  readonly gcSeconds: number;
}

/** Begins to measure the thread that calls it. @returns what was measured since it was last called. */
export function measureLoad(): () => Load {
  // A finer resolution would cost more than it shows: what matters is seconds.
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

/** The load of threads beside each other. */
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
