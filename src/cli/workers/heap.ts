import { setFlagsFromString } from 'node:v8';

const MB = 2 ** 20;
/**
 * Half of the room for young objects, in MB: less where there is little memory. V8 begins with 1 MB, grows it to 16 and
 * shrinks it again. While a backlog is folded that is full so often that objects about to become garbage are copied, moved
 * and marked first: a third of all CPU time.
 */
const YOUNG = { most: 64, share: 32 };
/** Memory that old objects may take before they are collected for the first time, in MB. */
const OLD = { most: 512, share: 8 };
/**
 * The most memory that old objects may take, in MB: near it garbage is collected ever more often, and past it the thread ends.
 * V8 would allow each thread half of the machine's memory.
 */
const LIMIT = { most: 4_096, share: 2 };
/** The first V8 that can count buffers into the heap's limit. */
const COUNTS_BUFFERS = 13;

/**
 * Sets the heap sizes of threads that start from now on to those that folding needs, unless a flag of Node.js or NODE_OPTIONS
 * sets them. The heap of this thread stays as it is.
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
  // Otherwise 64 MB of new buffers, whatever the heap's size, cause a full collection: about one a second.
  return v8 >= COUNTS_BUFFERS ? [...flags, '--external-memory-accounted-in-global-limit'] : flags;
}
