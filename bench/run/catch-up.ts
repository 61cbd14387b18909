/** tidemark from the first record of a topic to the last visit published and committed. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { since } from '../measure/meter.ts';
import type { Measured } from '../report/measured.ts';
import { check } from './check.ts';
import type { Ground } from './ground.ts';
import type { Input } from './input.ts';
import { type Environment, mainOf, Pipeline } from './pipeline.ts';
import { Program } from './program.ts';

export interface CatchUpOptions {
  /** Checkout whose built program runs. */
  readonly root: string;
  readonly processors?: number;
  readonly settings?: Environment;
  /** Of Node. */
  readonly flags?: readonly string[];
  /** Called between setup and the start, with the schema that was made. */
  readonly prepare?: (schema: string) => Promise<void>;
  readonly name?: string;
}

/** Messages that are sent and committed, as the processor counts them: it writes that down once a second at most. */
const SENT = 'tidemark_published_messages_total';
/** How often it is looked whether all is done, ms. */
const POLL = 50;
/** Without any progress for so long, a run has failed, ms. */
const STUCK = 120_000;

export async function catchUp(ground: Ground, input: Input, options: CatchUpOptions): Promise<Measured> {
  const { root, processors = 1, settings, flags, prepare, name = 'tidemark' } = options;
  const main = mainOf(root);
  const pipeline = new Pipeline(ground, input.topic, settings);
  const programs: Program[] = [];
  try {
    pipeline.setUp(main);
    await prepare?.(pipeline.schema);
    await settle(ground);
    const before = ground.meter.now();
    for (let i = 0; i < processors; i++) programs.push(new Program(main, pipeline.env, ground.keeper, flags ?? []));
    const commits = await done(ground, pipeline.schema, input, programs);
    const ended = Date.now();
    const use = programs.map((program) => program.measure());
    const parts = since(before, ground.meter.now());
    const started = Math.min(...programs.map((program) => program.started));
    const first = Math.min(...programs.map((program) => program.takenOver ?? started));
    await Promise.all(programs.map((program) => program.stop()));
    const found = await check(ground, pipeline.schema, pipeline.output, input.answer);
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
    await Promise.all(programs.map((program) => program.kill()));
    const left = await pipeline.remove();
    if (left.length > 0) process.stderr.write(`not removed: ${left.join('; ')}\n`);
  }
}

/** What an earlier run left for the server to write is written before the next one is measured. */
async function settle({ database }: Ground): Promise<void> {
  try {
    await database.query('CHECKPOINT');
  } catch (error) {
    // Only superusers may: the run is measured with whatever goes on.
    if ((error as pg.DatabaseError).code !== '42501') throw error;
  }
}

/** Resolves once all is folded, ended, committed and published. @returns the commits that it took. */
async function done({ stack }: Ground, schema: string, input: Input, programs: readonly Program[]): Promise<number> {
  const client = new pg.Client(stack.databaseUrl);
  await client.connect();
  let progress = '';
  let since = performance.now();
  try {
    for (;;) {
      const { rows } = await client.query<Record<'next' | 'sequence' | 'published' | 'commits', number>>({
        name: 'progress',
        text: `SELECT coalesce(sum(next_offset), 0)::float8 AS next, coalesce(sum(sequence), 0)::float8 AS sequence,
          coalesce(sum(published), 0)::float8 AS published, coalesce(sum(commit_number), 0)::float8 AS commits
          FROM ${schema}.partition_state`,
      });
      const { next, sequence, published, commits } = rows[0]!;
      if (next > input.records) throw new Error(`${input.topic} holds more than the ${input.records} records expected`);
      if (next === input.records && !(await hasOpen(client, schema))) {
        const sent =
          sequence === published ? sequence : sum(await Promise.all(programs.map((one) => one.metric(SENT))));
        if (sent === sequence) return commits;
      }
      for (const program of programs) {
        program.assertRuns();
        program.measure();
      }
      const now = JSON.stringify(rows[0]);
      if (now !== progress) since = performance.now();
      else if (performance.now() - since > STUCK) {
        throw new Error(`no progress for ${STUCK / 1000} s: ${now}\n${programs.map((one) => one.tail()).join('\n')}`);
      }
      progress = now;
      await sleep(POLL);
    }
  } finally {
    await client.end();
  }
}

async function hasOpen(client: pg.Client, schema: string): Promise<boolean> {
  const { rows } = await client.query(`SELECT FROM ${schema}.open_visit LIMIT 1`);
  return rows.length > 0;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
