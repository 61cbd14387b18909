/** What a processor holds once garbage is collected. */
import { fileURLToPath } from 'node:url';
import type { Program } from './program.ts';

/** Node's flags for a program that can be asked. */
export const MEMORY_FLAGS = ['--expose-gc', '--import', fileURLToPath(new URL('./memory-hook.mjs', import.meta.url))];

export interface Memory {
  readonly rss: number;
  /** JavaScript objects, and what they hold outside the heap. */
  readonly held: number;
}

export async function memoryOf(program: Program): Promise<Memory> {
  const line = program.hears('bench: memory');
  program.signal('SIGUSR2');
  const { rss, heapUsed, external } = await line;
  return { rss: Number(rss), held: Number(heapUsed) + Number(external) };
}
