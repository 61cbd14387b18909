/** Many visits open at once: what each takes, and what it takes to take them over after a crash. */
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionsOf } from '../../src/kafka/offsets.ts';
import { Registry, subjectOf } from '../../src/wire/registry.ts';
import type { Options } from '../options.ts';
import { type Figure, figureTable } from '../report/lines.ts';
import { machineLine, machineOf } from '../report/machine.ts';
import { writeResults } from '../report/write.ts';
import type { Ground } from '../run/ground.ts';
import { type Input, inputOf, removeTopic } from '../run/input.ts';
import { MEMORY_FLAGS, type Memory, memoryOf } from '../run/memory.ts';
import { BenchPipeline, given, mainOf, ROOT } from '../run/pipeline.ts';
import { Program } from '../run/program.ts';
import { Progress } from '../run/progress.ts';
import { WORKLOAD_SCHEMA } from '../workload/schema.ts';
import { writeOneEach } from '../workload/write.ts';
import type { Say } from './say.ts';

/** Visits by which the memory of a processor with hardly a visit is compared with that of all of them. */
const FEW = 300;
const GOAL_BYTES = 600;
const GOAL_SECONDS = 10;
/** Without a commit for so long, ms, buffers of commits are let go: what is left is of the visits. */
const AT_REST = 6_000;

interface Opened {
  readonly memory: Memory;
  readonly crash: readonly Figure[];
  readonly wrong: readonly string[];
}

export async function runWide(ground: Ground, options: Options, say: Say): Promise<boolean> {
  const few = await open(ground, options, { events: FEW * options.shape.perVisit }, say, false);
  const all = await open(ground, options, {}, say, true);
  const visits = options.shape.events / options.shape.perVisit - FEW;
  const figures: Figure[] = [
    { what: 'visits open', value: visits + FEW, unit: 'visits' },
    {
      what: 'held a visit, garbage collected',
      value: (all.memory.held - few.memory.held) / visits,
      unit: 'bytes',
      goal: GOAL_BYTES,
    },
    { what: 'resident a visit, garbage collected', value: (all.memory.rss - few.memory.rss) / visits, unit: 'bytes' },
    { what: 'resident', value: all.memory.rss / 2 ** 20, unit: 'MB' },
    ...all.crash,
  ];
  const wrong = [...few.wrong, ...all.wrong];
  const machine = await machineOf(ground);
  const text = `${[machineLine(machine), figureTable(figures), ...wrong.map((line) => `WRONG: ${line}`)].join('\n\n')}\n`;
  process.stdout.write(`\n${text}\n`);
  say(`written to ${await writeResults('wide', text, { machine, options, settings: given(), figures, wrong })}`);
  return wrong.length === 0;
}

/** Folds visits that stay open, and reports what they take. */
async function open(
  ground: Ground,
  { shape, program }: Options,
  change: { readonly events?: number },
  say: Say,
  crashes: boolean,
): Promise<Opened> {
  const input = await inputOf(ground, { ...shape, ...change }, say);
  // Without a margin nothing ends by the clock: the log's own time has stopped before any visit was due.
  const pipeline = new BenchPipeline(ground, input.topic, { TIDEMARK_VISIT_CLOCK_MARGIN: '' });
  const main = mainOf(program ?? ROOT);
  const programs: Program[] = [];
  let progress: Progress | null = null;
  try {
    pipeline.setUp(main);
    progress = await Progress.open(ground, pipeline.schema);
    const first = new Program(main, pipeline.env, ground.keeper, MEMORY_FLAGS);
    programs.push(first);
    await progress.until(({ next }) => next === input.records, programs);
    const wrong = await differences(ground, pipeline.schema, input);
    await sleep(AT_REST);
    const memory = await memoryOf(first);
    say(`${input.answer.visits} visits are open: ${Math.round(memory.held / 2 ** 20)} MB held`);
    const crash = crashes ? await crashed(ground, pipeline, input, main, progress, programs) : [];
    // In order: the group would keep the place of one that was killed, and could not be removed.
    await Promise.all(programs.map((one) => one.stop()));
    return { memory, crash, wrong };
  } finally {
    await Promise.all([...programs.map((one) => one.kill()), progress?.close()]);
    const left = await pipeline.remove();
    if (left.length > 0) say(`not removed: ${left.join('; ')}`);
    // Events were added to it: it is no workload any more.
    if (crashes) await removeTopic(ground, input.topic);
  }
}

async function crashed(
  ground: Ground,
  pipeline: BenchPipeline,
  { topic, partitions }: Input,
  main: string,
  progress: Progress,
  programs: Program[],
): Promise<Figure[]> {
  const { rows } = await ground.database.query<{ bytes: number; clock: number }>(
    `SELECT pg_total_relation_size('${pipeline.schema}.open_visit')::float8 AS bytes, max(arrival_clock)::float8 AS clock
     FROM ${pipeline.schema}.partition_state`,
  );
  const { bytes, clock } = rows[0]!;
  const before = await progress.offsets();
  const killed = Date.now();
  await programs.pop()!.kill();
  const next = new Program(main, pipeline.env, ground.keeper, MEMORY_FLAGS);
  programs.push(next);
  const schemaId = await new Registry({ url: ground.stack.registryUrl }).register(subjectOf(topic), WORKLOAD_SCHEMA);
  await ground.ask(`room for ${topic}`, async (cluster) => {
    await partitionsOf(cluster, topic);
    await writeOneEach(cluster, topic, schemaId, partitions, clock + 1_000);
  });
  let pause = 0;
  await progress.until(async () => {
    const [delay] = await next.metrics('tidemark_event_loop_delay_seconds').catch(() => [0]);
    pause = Math.max(pause, delay);
    const now = await progress.offsets();
    return [...before].every(([partition, offset]) => now.get(partition)! > offset);
  }, programs);
  const committed = Date.now();
  return [
    { what: 'open visits in Postgres', value: bytes / 2 ** 20, unit: 'MB' },
    { what: 'from SIGKILL until the group gives them on', value: (next.assigned! - killed) / 1000, unit: 's' },
    {
      what: 'from SIGKILL to all partitions taken over',
      value: (Math.max(...next.taken.values()) - killed) / 1000,
      unit: 's',
      goal: GOAL_SECONDS,
    },
    {
      what: 'from SIGKILL to new events of each committed',
      value: (committed - killed) / 1000,
      unit: 's',
      goal: GOAL_SECONDS,
    },
    { what: 'longest pause of the event loop meanwhile', value: pause * 1000, unit: 'ms' },
    { what: 'resident after it, at most', value: next.measure().peak / 2 ** 20, unit: 'MB' },
  ];
}

async function differences({ database }: Ground, schema: string, { answer }: Input): Promise<string[]> {
  const { rows } = await database.query<{ visits: number; events: number }>(
    `SELECT count(*)::float8 AS visits, sum(event_count)::float8 AS events FROM ${schema}.open_visit`,
  );
  const { visits, events } = rows[0]!;
  return [
    ...(visits === answer.visits ? [] : [`${visits} visits are open, and ${answer.visits} is right`]),
    ...(events === answer.events ? [] : [`they have ${events} events, and ${answer.events} is right`]),
  ];
}
