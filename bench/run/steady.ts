/** Steady traffic through one processor, for as long as it is wanted, and whether the answer is right in the end. */
import { partitionsOf } from '../../src/kafka/offsets.ts';
import { Registry, subjectOf } from '../../src/wire/registry.ts';
import { LIVE_SETTINGS, type Sent, writeLive } from '../workload/live.ts';
import { WORKLOAD_SCHEMA } from '../workload/schema.ts';
import type { Shape } from '../workload/shape.ts';
import { check } from './check.ts';
import type { Ground } from './ground.ts';
import { removeTopic } from './input.ts';
import { BenchPipeline, mainOf } from './pipeline.ts';
import { Program } from './program.ts';
import { Progress } from './progress.ts';

export interface Steady {
  readonly pipeline: BenchPipeline;
  readonly program: Program;
  readonly progress: Progress;
}

export interface SteadyOptions {
  readonly root: string;
  readonly shape: Shape;
  /** Of Node. */
  readonly flags?: readonly string[];
  readonly onSent?: (sent: readonly Sent[]) => void;
  /** Called once the processor has its partitions, before the first event. @returns what is done when the last is written. */
  readonly watch: (steady: Steady) => Promise<() => Promise<void>>;
}

/** @returns what is wrong with the answer. */
export async function steady(ground: Ground, options: SteadyOptions): Promise<readonly string[]> {
  const { root, shape, flags, onSent, watch } = options;
  const topic = `tidemark-bench-live-${crypto.randomUUID().slice(0, 8)}`;
  const { partitions } = shape;
  const main = mainOf(root);
  const pipeline = new BenchPipeline(ground, topic, LIVE_SETTINGS);
  const stopping = new AbortController();
  let program: Program | null = null;
  let progress: Progress | null = null;
  try {
    const config = { 'message.timestamp.type': 'LogAppendTime', 'retention.ms': '-1' };
    await ground.topics.make({ topic, partitions, replicationFactor: null, config });
    pipeline.setUp(main);
    progress = await Progress.open(ground, pipeline.schema);
    program = new Program(main, pipeline.env, ground.keeper, flags ?? []);
    await ready(program);
    const ended = await watch({ pipeline, program, progress });
    const schemaId = await new Registry({ url: ground.stack.registryUrl }).register(subjectOf(topic), WORKLOAD_SCHEMA);
    const answer = await ground.ask(`room for ${topic}`, async (cluster) => {
      await partitionsOf(cluster, topic);
      const writing = writeLive(cluster, topic, schemaId, shape, onSent ?? (() => {}), stopping.signal);
      const died = program!.over.then((how) =>
        Promise.reject(new Error(`tidemark run ended (${how}): ${program!.tail()}`)),
      );
      return await Promise.race([writing, died]);
    });
    await ended();
    await progress.untilDone(topic, answer!.events, [program]);
    await program.stop();
    return (await check(ground, pipeline.schema, pipeline.output, answer!)).wrong;
  } finally {
    stopping.abort();
    await Promise.all([program?.kill(), progress?.close()]);
    const left = await pipeline.remove();
    if (left.length > 0) process.stderr.write(`not removed: ${left.join('; ')}\n`);
    await removeTopic(ground, topic);
  }
}

async function ready(program: Program): Promise<void> {
  for (;;) {
    program.assertRuns();
    if (program.url !== null && (await fetch(`${program.url}/readyz`)).ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
