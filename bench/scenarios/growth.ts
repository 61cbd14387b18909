/** Whether an event costs the same as volume, visits, tables, partitions and processors grow. */
import type { Options } from '../options.ts';
import { machineLine, machineOf } from '../report/machine.ts';
import type { Measured } from '../report/measured.ts';
import { measuredTable } from '../report/table.ts';
import { writeResults } from '../report/write.ts';
import { catchUp } from '../run/catch-up.ts';
import type { Ground } from '../run/ground.ts';
import { type Input, inputOf, removeTopic } from '../run/input.ts';
import { given, ROOT } from '../run/pipeline.ts';
import { DEFAULT_SHAPE, type Shape } from '../workload/shape.ts';
import { oneLine } from './catch-up.ts';
import { fillEnded } from './fill.ts';
import type { Say } from './say.ts';

interface Step {
  readonly name: string;
  readonly shape: Partial<Shape>;
  readonly processors?: number;
  /** Ended visits that are there before. */
  readonly filled?: number;
}

const MILLION = 1_000_000;

/** What grows, by the name that `--only` takes. Steps that set nothing have the shape of the command line. */
function parts({ shape, rows }: Options): Readonly<Record<string, readonly Step[]>> {
  const many = (count: number) => `${(count / MILLION).toLocaleString('en-US')} million`;
  return {
    events: [0.5, 1, 2, 4, 8].map((times) => ({
      name: `${many(times * shape.events)} events`,
      shape: { events: times * shape.events },
    })),
    visits: [1, 10, 100, 1_000, 10_000].map((perVisit) => ({
      name: `${perVisit} events a visit`,
      shape: { perVisit, lengths: 'same' as const },
    })),
    table: [0, rows].map((filled) => ({
      name: `${many(filled)} ended visits before`,
      shape: {},
      filled,
    })),
    partitions: [1, 4, 16].map((partitions) => ({ name: `${partitions} partitions`, shape: { partitions } })),
    processors: [1, 2, 3].map((processors) => ({ name: `${processors} processors`, shape: {}, processors })),
  };
}

export async function runGrowth(ground: Ground, options: Options, say: Say): Promise<boolean> {
  const all = parts(options);
  const names = options.only === null ? Object.keys(all) : [options.only];
  const base = (await inputOf(ground, options.shape, say)).topic;
  const measured: Measured[] = [];
  const sections: string[] = [];
  for (const name of names) {
    const steps = all[name];
    if (steps === undefined) throw new Error(`--only ${name}: what grows is ${Object.keys(all).join(', ')}`);
    const own: Measured[] = [];
    for (const step of steps) {
      const input = await inputOf(ground, { ...options.shape, ...step.shape }, say);
      for (let run = 0; run < options.runs; run++) {
        const one = await measure(ground, input, step, options, say);
        own.push(one);
        say(oneLine(one));
      }
      // All of them would be some 10 GB.
      if (input.topic !== base) await removeTopic(ground, input.topic);
    }
    measured.push(...own);
    sections.push(`As ${name} grow${name === 'table' ? 's' : ''}:\n\n${measuredTable(own)}`);
  }
  const machine = await machineOf(ground);
  const text = `${[machineLine(machine), ...sections].join('\n\n')}\n`;
  process.stdout.write(`\n${text}\n`);
  say(`written to ${await writeResults('growth', text, { machine, options, settings: given(), measured })}`);
  return measured.every(({ wrong }) => wrong.length === 0);
}

/** Visits of the run that rows are made after. */
const LIKENESS = 200_000;

async function measure(ground: Ground, input: Input, step: Step, options: Options, say: Say): Promise<Measured> {
  const { name, processors = 1, filled = 0 } = step;
  const root = options.program ?? ROOT;
  if (filled === 0) return await catchUp(ground, input, { root, name, processors });
  let measured: Measured | null = null;
  const before = await inputOf(ground, { ...DEFAULT_SHAPE, events: LIKENESS }, say);
  await catchUp(ground, before, {
    root,
    inspect: async (likeness) => {
      const prepare = async (schema: string) => {
        say(`making ${filled.toLocaleString('en-US')} ended visits`);
        await fillEnded(ground.database, likeness, schema, filled);
      };
      measured = await catchUp(ground, input, { root, name, processors, prepare });
    },
  });
  return measured!;
}
