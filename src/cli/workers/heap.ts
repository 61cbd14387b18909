import { setFlagsFromString } from 'node:v8';

const MB = 2 ** 20;
/**
 * Half of the room for what is young, in MB: less where there is little memory. V8 begins with 1 MB and goes to 16, and
 * shrinks it again. While a backlog is folded that is full so often that what is about to be thrown away is kept, moved
 * and marked first: a third of all CPU time.
 */
const YOUNG = { most: 64, share: 32 };
/** Memory that old objects may take before they are looked through for the first time, in MB. */
const OLD = { most: 512, share: 8 };
/**
 * Memory that old objects may take at all, in MB: near it garbage is collected ever more often, and past it the thread ends. V8 would
 * allow each thread half of all the memory that there is.
 */
const LIMIT = { most: 4_096, share: 2 };
/** The first V8 that knows to count buffers into the heap's limit. */
const COUNTS_BUFFERS = 13;

/**
 * Gives the heaps of threads that are started from now on the sizes that folding wants, where nothing about them has
 * been set otherwise: by a flag of Node.js or in NODE_OPTIONS. The heap of this thread stays as it is.
 * @param memory that each of these threads may take, bytes.
 */
export function sizeHeaps(memory: number): void {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''];
  if (flags.some((flag) => /semi[-_]space|old[-_]space/.test(flag))) return;
  for (const flag of heapFlags(memory, Number.parseInt(process.versions.v8, 10))) setFlagsFromString(flag);
}

/** @param memory of a thread, bytes. @param v8 its version. */
export function heapFlags(memory: number, v8: number): string[] {
  const partOf = ({ most, share }: typeof OLD) => Math.min(most, Math.floor(memory / MB / share));
  const young = Math.max(8, partOf(YOUNG));
  const old = Math.max(64, partOf(OLD));
  const flags = [
    `--min-semi-space-size=${young}`,
    `--max-semi-space-size=${young}`,
    `--initial-old-space-size=${old}`,
    `--max-old-space-size=${Math.max(2 * old, partOf(LIMIT))}`,
  ];
  // Otherwise 64 MB of new buffers, whatever the heap's size, have all old objects looked through: about once a second.
  return v8 >= COUNTS_BUFFERS ? [...flags, '--external-memory-accounted-in-global-limit'] : flags;
}
