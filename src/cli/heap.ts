import { memoryHere } from './workers/count.ts';

const MB = 2 ** 20;
/**
 * Half of the room for what is young, in MB: less where there is little memory. V8 begins with 1 MB and goes to 16, and
 * shrinks it again. While a backlog is folded that is full so often that what is about to be thrown away is kept, moved
 * and marked first: a third of all CPU time.
 */
const YOUNG = { most: 128, share: 32 };
/** What old objects may take before they are looked through for the first time, in MB. */
const OLD = { most: 1_536, share: 8 };

/**
 * Begins the same program anew in this process, with the heap that the processor wants, where nothing about it has been
 * said otherwise: by a flag of Node.js or in NODE_OPTIONS. V8 takes these sizes at its start only. Where a process cannot
 * be begun anew (Node.js before 22.15, Windows) it goes on as it is, only slower: the flags can be given by hand.
 */
export function ensureHeap(): void {
  const said = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((flag) =>
    /semi[-_]space|old[-_]space/.test(flag),
  );
  if (said || typeof process.execve !== 'function' || process.platform === 'win32') return;
  const args = [...heapFlags(memoryHere()), ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, [process.execPath, ...args], process.env);
}

/** @param memory of the machine or of the container, bytes. */
export function heapFlags(memory: number): string[] {
  const young = Math.max(8, Math.min(YOUNG.most, Math.floor(memory / MB / YOUNG.share)));
  const old = Math.max(64, Math.min(OLD.most, Math.floor(memory / MB / OLD.share)));
  return [`--min-semi-space-size=${young}`, `--max-semi-space-size=${young}`, `--initial-old-space-size=${old}`];
}
