import { availableParallelism, totalmem } from 'node:os';

const GB = 2 ** 30;
/** More threads than this make Postgres or the broker wait, on the machines where it was measured. */
const MOST = 4;
/** Memory that one more thread needs, so that its heap can grow as the first one's does. */
const MEMORY_EACH = 2 * GB;

/** Memory that this process may take, bytes: the container's, or else the machine's. */
export function memoryHere(): number {
  // Without a container's limit `constrainedMemory` is 0, or more than the machine has.
  return Math.min(process.constrainedMemory() || totalmem(), totalmem());
}

export interface Room {
  /** Cores that this process may use at once. */
  readonly cores: number;
  /** Bytes, of the machine or of the container. */
  readonly memory: number;
  /** Partitions of the input topic: one thread folds each. */
  readonly partitions: number;
}

/** How many threads fold: as many as wanted, or one a core as far as memory reaches; never more than partitions. */
export function workerCount(wanted: number | null, { cores, memory, partitions }: Room): number {
  const fitting = Math.min(cores, MOST, Math.floor(memory / MEMORY_EACH));
  return Math.max(1, Math.min(wanted ?? fitting, partitions));
}

/** How many threads fold here. @param wanted null: as this machine has room for. */
export function threadsFor(wanted: number | null, partitions: number): number {
  return workerCount(wanted, { cores: availableParallelism(), memory: memoryHere(), partitions });
}
