/**
 * Two versions of the code that decodes and folds, distinguished by less than a machine's speed changes within a minute: both
 * run at once, each on a core of its own, and change places after each run.
 */
import { availableParallelism } from 'node:os';
import { type Ceiling, runLevel } from '../ceilings/run.ts';
import { paired } from '../measure/paired.ts';
import type { Options } from '../options.ts';
import { machineLine, machineOf } from '../report/machine.ts';
import { writeResults } from '../report/write.ts';
import type { Ground } from '../run/ground.ts';
import { inputOf } from '../run/input.ts';
import { ROOT } from '../run/pipeline.ts';
import type { Say } from './say.ts';

export async function runCompare(ground: Ground, options: Options, say: Say): Promise<boolean> {
  const { program: other, runs } = options;
  if (other === null) throw new Error('nothing to compare with');
  if (process.platform !== 'linux' || availableParallelism() < 2) throw new Error('compare needs Linux and two cores');
  const input = await inputOf(ground, options.shape, say);
  const pairs: (readonly [here: Ceiling, there: Ceiling])[] = [];
  const wrong: string[] = [];
  for (let run = 0; run < runs; run++) {
    const core = run % 2;
    const [here, there] = await Promise.all([
      runLevel(ground, input, 'fold', { core }),
      runLevel(ground, input, 'fold', { root: other, core: 1 - core }),
    ]);
    pairs.push([here.found, there.found]);
    wrong.push(...here.wrong.map((line) => `here: ${line}`), ...there.wrong.map((line) => `${other}: ${line}`));
    say(`CPU s: ${here.found.cpu.toFixed(2)} here, ${there.found.cpu.toFixed(2)} there`);
  }
  const { more, error } = paired(pairs.map(([here, there]) => [here.cpu, there.cpu]));
  const mean = (of: 0 | 1) => pairs.reduce((sum, pair) => sum + pair[of].cpu, 0) / pairs.length;
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  const machine = await machineOf(ground);
  const lines = [
    `Decoding and folding ${input.records.toLocaleString('en-US')} records in one thread, ${runs} runs of each. ${machineLine(machine)}`,
    `- here (${ROOT}): ${mean(0).toFixed(2)} CPU s`,
    `- there (${other}): ${mean(1).toFixed(2)} CPU s, ${more < 0 ? '' : '+'}${percent(more)}` +
      `${error === null ? '' : ` ± ${percent(error)} (standard error)`}`,
    ...wrong.map((line) => `- WRONG: ${line}`),
  ];
  const text = `${lines.join('\n')}\n`;
  process.stdout.write(`\n${text}\n`);
  say(`written to ${await writeResults('compare', text, { machine, options, pairs, more, error, wrong })}`);
  return wrong.length === 0;
}
