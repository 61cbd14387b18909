/** For every day: tidemark alone on a short workload, and where its time goes. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Options } from '../options.ts';
import { summarise } from '../profile/summary.ts';
import { functionTable, phaseTable } from '../profile/tables.ts';
import type { Measured } from '../report/measured.ts';
import { RESULTS } from '../report/write.ts';
import { catchUp } from '../run/catch-up.ts';
import type { Ground } from '../run/ground.ts';
import type { Input } from '../run/input.ts';

/** µs between samples: V8's own choice, given here because it is part of the result. */
const SAMPLE_US = 1_000;

export interface Profiled {
  readonly measured: Measured;
  /** Markdown. */
  readonly text: string;
}

/** One more run, profiled: profiling takes CPU itself, so its figures stand apart. */
export async function profiled(ground: Ground, input: Input, options: Options, root: string): Promise<Profiled> {
  const directory = await mkdtemp(join(tmpdir(), 'tidemark-profile-'));
  try {
    const flags = ['--cpu-prof', `--cpu-prof-dir=${directory}`, `--cpu-prof-interval=${SAMPLE_US}`];
    const { processors } = options;
    const measured = await catchUp(ground, input, { root, processors, flags, name: 'tidemark, profiled' });
    const summary = await summarise(directory);
    const parts = [phaseTable(summary, measured.cpu.processor, measured.input)];
    if (options.profile) {
      const kept = join(RESULTS, `profile-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}`);
      await cp(directory, kept, { recursive: true });
      parts.push(functionTable(summary), `The profiles are in ${kept}: Chrome's developer tools open them.`);
    }
    return { measured, text: parts.join('\n\n') };
  } finally {
    await rm(directory, { recursive: true });
  }
}
