/** Steady traffic for long, with little memory: neither the process nor the tables that should stay small may grow. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Options } from '../options.ts';
import { machineLine, machineOf } from '../report/machine.ts';
import { markdown } from '../report/table.ts';
import { writeResults } from '../report/write.ts';
import type { Ground } from '../run/ground.ts';
import { given, ROOT } from '../run/pipeline.ts';
import { grown, type Sample, sizesOf } from '../run/sizes.ts';
import { steady } from '../run/steady.ts';
import { liveShape } from '../workload/live.ts';
import type { Say } from './say.ts';

const MINUTES = 20;
/** Samples of a run, and rows of its table. */
const SAMPLES = 80;
const SHOWN = 10;

export async function runLong(ground: Ground, options: Options, say: Say): Promise<boolean> {
  const { rate, shape, minutes, memory, program: root } = options;
  const seconds = (minutes ?? MINUTES) * 60;
  say(`${rate} events a second for ${seconds / 60} minutes, with ${memory} MB for objects that live`);
  const samples: Sample[] = [];
  const wrong = await steady(ground, {
    root: root ?? ROOT,
    shape: liveShape(shape, rate, seconds),
    flags: [`--max-old-space-size=${memory}`],
    watch: async ({ pipeline, program }) => {
      const begun = performance.now();
      const stopping = new AbortController();
      const sampling = (async () => {
        for (let i = 1; i <= SAMPLES; i++) {
          const wait = begun + (i * seconds * 1000) / SAMPLES - performance.now();
          await sleep(wait, undefined, { signal: stopping.signal });
          const sizes = await sizesOf(ground.database, pipeline.schema);
          const [heap, heapSize, external] = await program.metrics(
            'tidemark_heap_bytes',
            'tidemark_heap_size_bytes',
            'tidemark_external_bytes',
          );
          const sinceBegin = (performance.now() - begun) / 1000;
          samples.push({ seconds: sinceBegin, rss: program.rss(), heap, heapSize, external, ...sizes });
        }
      })();
      sampling.catch(() => {});
      return async () => {
        stopping.abort();
        await sampling.catch((error: Error) => {
          if (error.name !== 'AbortError') throw error;
        });
      };
    },
  });
  const problems = [...wrong.map((line) => `WRONG: ${line}`), ...grown(samples).map((line) => `GROWN: ${line}`)];
  const machine = await machineOf(ground);
  const head = `${machineLine(machine)}\n${rate} events a second for ${seconds / 60} minutes, --max-old-space-size=${memory}`;
  const verdict = problems.length === 0 ? ['Nothing grew that should not, and the answer is right.'] : problems;
  const text = `${[head, sampleTable(samples), ...verdict].join('\n\n')}\n`;
  process.stdout.write(`\n${text}\n`);
  say(`written to ${await writeResults('long', text, { machine, options, settings: given(), samples, problems })}`);
  return problems.length === 0;
}

function sampleTable(samples: readonly Sample[]): string {
  const step = Math.ceil(samples.length / SHOWN);
  const shown = samples.filter((_, i) => i % step === step - 1);
  const megabytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  return markdown(
    [
      'minutes',
      'resident, MB',
      'heap in use',
      'heap taken',
      'buffers',
      'open visits and outbox, MB',
      'all tables, MB',
      'bytes a revision',
    ],
    shown.map(({ seconds, rss, heap, heapSize, external, working, total, revisions }) => [
      (seconds / 60).toFixed(1),
      ...[rss, heap, heapSize, external].map(megabytes),
      megabytes(working),
      megabytes(total),
      revisions === 0 ? '—' : ((total - working) / revisions).toFixed(0),
    ]),
  );
}
