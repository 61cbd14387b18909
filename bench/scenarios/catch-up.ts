/** tidemark, the ceilings and the peers on one topic, alternating, in one table. */
import { ceiling, LEVELS } from '../ceilings/run.ts';
import type { Options } from '../options.ts';
import { Peers } from '../peers/peers.ts';
import { variantsOf } from '../peers/variants.ts';
import { machineLine, machineOf } from '../report/machine.ts';
import type { Measured } from '../report/measured.ts';
import { measuredTable } from '../report/table.ts';
import { writeResults } from '../report/write.ts';
import { catchUp } from '../run/catch-up.ts';
import type { Ground } from '../run/ground.ts';
import { givenInput, type Input, inputOf } from '../run/input.ts';
import { given, ROOT } from '../run/pipeline.ts';
import { profiled } from './quick.ts';
import type { Say } from './say.ts';

export async function runCatchUp(ground: Ground, options: Options, say: Say): Promise<boolean> {
  const input = options.given
    ? await givenInput(ground, options.given.topic, options.given)
    : await inputOf(ground, options.shape, say);
  const { processors, runs } = options;
  const root = options.program ?? ROOT;
  const measured: Measured[] = [];
  let failures = 0;
  const engines: (() => Promise<Measured>)[] = [() => catchUp(ground, input, { root, processors })];
  const variants = options.peers === null ? [] : variantsOf(options.only);
  const peers = options.peers === null ? null : await Peers.build(ground, options.peers, variants, say);
  engines.push(...variants.map((variant) => () => peers!.measure(input, variant)));
  if (options.ceilings) engines.push(...LEVELS.map((level) => () => ceiling(ground, input, level)));
  try {
    for (let run = 0; run < runs; run++) {
      for (let i = 0; i < engines.length; i++) {
        try {
          // Another begins each time: the first of all meets a broker that has compiled less than the others find.
          const one = await engines[(run + i) % engines.length]!();
          measured.push(one);
          say(oneLine(one));
        } catch (error) {
          // What the others came to is worth having.
          failures += 1;
          say(`a run failed: ${(error as Error).stack}`);
        }
      }
    }
  } finally {
    await peers?.end();
  }
  const machine = await machineOf(ground);
  const parts = [`${title(input, options)}\n${machineLine(machine)}`];
  if (options.quick) {
    const { measured: one, text } = await profiled(ground, input, options, root);
    measured.push(one);
    parts.push(text);
  }
  const text = `${[...parts, measuredTable(measured)].join('\n\n')}\n`;
  process.stdout.write(`\n${text}\n`);
  say(`written to ${await writeResults('catch-up', text, { machine, options, settings: given(), measured })}`);
  return failures === 0 && measured.every(({ wrong }) => wrong.length === 0);
}

export function oneLine({ name, input, seconds, cpu, peak, wrong }: Measured): string {
  const perMillion = (value: number | null) => (value === null ? '—' : (value / (input / 1e6)).toFixed(2));
  const figures = [
    `${Math.round(input / seconds / 1000)} k events/s`,
    `CPU s per million ${perMillion(cpu.processor)} + ${perMillion(cpu.postgres)} Postgres + ${perMillion(cpu.broker)} broker`,
    ...(peak === null ? [] : [`${Math.round(peak / 2 ** 20)} MB`]),
  ];
  return `${name}: ${wrong.length > 0 ? `WRONG (${wrong.join('; ')}) ` : ''}${figures.join(', ')}`;
}

function title({ topic, answer, partitions }: Input, { processors, program }: Options): string {
  const settings = Object.entries(given()).map(([name, value]) => `${name}=${value}`);
  return [
    `${answer.events.toLocaleString('en-US')} events, ${answer.visits.toLocaleString('en-US')} visits, ` +
      `${partitions} partitions (topic ${topic})`,
    ...(processors > 1 ? [`${processors} processors`] : []),
    ...(program === null ? [] : [`program of ${program}`]),
    ...settings,
  ].join('; ');
}
