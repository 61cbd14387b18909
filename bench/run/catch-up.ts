/** tidemark from the first record of a topic to the last visit published and committed. */
import type pg from 'pg';
import { since } from '../measure/meter.ts';
import type { Measured } from '../report/measured.ts';
import { check } from './check.ts';
import type { Ground } from './ground.ts';
import type { Input } from './input.ts';
import { BenchPipeline, type Environment, mainOf } from './pipeline.ts';
import { Program } from './program.ts';
import { Progress } from './progress.ts';

export interface CatchUpOptions {
  /** Checkout whose built program runs. */
  readonly root: string;
  readonly processors?: number;
  readonly settings?: Environment;
  /** Of Node. */
  readonly flags?: readonly string[];
  /** Called between setup and the start, with the schema that was made. */
  readonly prepare?: (schema: string) => Promise<void>;
  /** Called with it at the end, before all is removed. */
  readonly inspect?: (schema: string) => Promise<void>;
  readonly name?: string;
}

export async function catchUp(ground: Ground, input: Input, options: CatchUpOptions): Promise<Measured> {
  const { root, processors = 1, settings, flags, prepare, inspect, name = 'tidemark' } = options;
  const main = mainOf(root);
  const pipeline = new BenchPipeline(ground, input.topic, settings);
  const programs: Program[] = [];
  let progress: Progress | null = null;
  try {
    pipeline.setUp(main);
    await prepare?.(pipeline.schema);
    await settle(ground);
    progress = await Progress.open(ground, pipeline.schema);
    const before = ground.meter.now();
    for (let i = 0; i < processors; i++) programs.push(new Program(main, pipeline.env, ground.keeper, flags ?? []));
    const { commits } = await progress.untilDone(input.topic, input.records, programs);
    const ended = Date.now();
    const use = programs.map((program) => program.measure());
    const parts = since(before, ground.meter.now());
    const started = Math.min(...programs.map((program) => program.started));
    const first = Math.min(...programs.map((program) => program.takenOver ?? started));
    await Promise.all(programs.map((program) => program.stop()));
    const found = await check(ground, pipeline.schema, pipeline.output, input.answer);
    await inspect?.(pipeline.schema);
    return {
      name,
      input: input.answer.events,
      seconds: (ended - first) / 1000,
      secondsFromStart: (ended - started) / 1000,
      cpu: { processor: sum(use.map(({ cpu }) => cpu)) || null, ...parts },
      peak: sum(use.map(({ peak }) => peak)) || null,
      visits: found.visits - input.answer.closing,
      events: found.events - input.answer.closing,
      duplicates: found.duplicates,
      wrong: found.wrong,
      notes: { commits },
    };
  } finally {
    await Promise.all([...programs.map((program) => program.kill()), progress?.close()]);
    const left = await pipeline.remove();
    if (left.length > 0) process.stderr.write(`not removed: ${left.join('; ')}\n`);
  }
}

/** What an earlier run left for the server to write is written before the next one is measured. */
export async function settle({ database }: Ground): Promise<void> {
  try {
    await database.query('CHECKPOINT');
  } catch (error) {
    // Only superusers may: the run is measured with whatever goes on.
    if ((error as pg.DatabaseError).code !== '42501') throw error;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
