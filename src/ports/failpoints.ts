import { writeSync } from 'node:fs';

/**
 * Places where a test kills the process, chosen by environment: `TIDEMARK_FAILPOINT=name` or `name:n` for the n-th
 * time it is reached. SIGKILL, so that nothing is tidied up: what a power cut would leave is what is left.
 */
const [wanted, count] = (process.env.TIDEMARK_FAILPOINT ?? '').split(':');
let left = Number(count ?? 1);

/** Whether `name` is the chosen one: for places that cost something to watch. */
export function failpointActive(name: string): boolean {
  return wanted === name;
}

export function failpoint(name: string): void {
  if (wanted !== name) return;
  left -= 1;
  if (left === 0) {
    // At once: what a thread writes to its stderr goes through the main thread, which will not come to it.
    writeSync(2, `failpoint ${name} reached\n`);
    process.kill(process.pid, 'SIGKILL');
  }
}
