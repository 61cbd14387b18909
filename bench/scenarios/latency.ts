/** Steady traffic: how soon it is seen, and what an event costs when there are no more than that. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type PartsCpu, since } from '../measure/meter.ts';
import type { Options } from '../options.ts';
import { type Figure, figureTable } from '../report/lines.ts';
import { machineLine, machineOf } from '../report/machine.ts';
import type { Weighted } from '../report/statistics.ts';
import { writeResults } from '../report/write.ts';
import type { Ground } from '../run/ground.ts';
import { given, ROOT } from '../run/pipeline.ts';
import { Published } from '../run/published.ts';
import { steady } from '../run/steady.ts';
import { Visible } from '../run/visible.ts';
import { liveShape } from '../workload/live.ts';
import type { Say } from './say.ts';

/** Until code is compiled and the first visits have ended, s. */
const WARM_UP = 15;
const MINUTES = 1;
/** Traffic goes on for so long after what is measured, s: visits end by the log's time while it does. */
const COOL_DOWN = 3;
const GOAL_VISIBLE = 1_000;
const GOAL_PUBLISHED = 500;

export async function runLatency(ground: Ground, options: Options, say: Say): Promise<boolean> {
  const { rate, shape, minutes, program: root } = options;
  const seconds = (minutes ?? MINUTES) * 60;
  say(`${rate} events a second for ${WARM_UP} + ${seconds} s`);
  const visible = new Visible();
  const measured = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const counts = (at: number) => at >= measured.from && at <= measured.to;
  let published: Published | null = null;
  let cpu: Cpu | null = null;
  const wrong = await steady(ground, {
    root: root ?? ROOT,
    shape: liveShape(shape, rate, WARM_UP + seconds + COOL_DOWN),
    onSent: (sent) => visible.sent(sent),
    watch: async ({ pipeline, program, progress }) => {
      published = await Published.open(ground, pipeline.output, counts);
      const watching = visible.watch(progress, counts);
      // Whoever waits for it in the end sees the error.
      watching.catch(() => {});
      const read = (): Cpu => ({ ...ground.meter.now(), processor: program.measure().cpu });
      const between = (async () => {
        await sleep(WARM_UP * 1000);
        const before = read();
        measured.from = Date.now();
        await sleep(seconds * 1000);
        measured.to = Date.now();
        const after = read();
        cpu = { ...since(before, after), processor: after.processor - before.processor };
      })();
      between.catch(() => {});
      return async () => {
        await between;
        await visible.drained();
        visible.stop();
        await watching;
      };
    },
  });
  await published!.close();
  const figures = [
    ...delays('append to visible in SQL', visible.delays, GOAL_VISIBLE),
    ...delays('decided to published', published!.delays, GOAL_PUBLISHED),
    ...perMillion('the processor', cpu!.processor, visible.delays.count),
    ...perMillion('Postgres, this watch included', cpu!.postgres, visible.delays.count),
    ...perMillion('the broker, writing included', cpu!.broker, visible.delays.count),
  ];
  const machine = await machineOf(ground);
  const head = `${machineLine(machine)}\n${rate} events a second for ${seconds} s after ${WARM_UP} s of warming up`;
  const text = `${[head, figureTable(figures), ...wrong.map((line) => `WRONG: ${line}`)].join('\n\n')}\n`;
  process.stdout.write(`\n${text}\n`);
  say(`written to ${await writeResults('latency', text, { machine, options, settings: given(), figures, wrong })}`);
  return wrong.length === 0;
}

type Cpu = PartsCpu & { readonly processor: number };

function perMillion(what: string, cpu: number | null, events: number): Figure[] {
  return cpu === null ? [] : [{ what: `CPU of ${what}`, value: cpu / (events / 1e6), unit: 's per million events' }];
}

/** @param goal of p99, ms. */
function delays(what: string, measured: Weighted, goal: number): Figure[] {
  return [
    { what: `${what}: p50`, value: measured.percentile(0.5), unit: 'ms' },
    { what: `${what}: p99`, value: measured.percentile(0.99), unit: 'ms', goal },
    { what: `${what}: p99.9`, value: measured.percentile(0.999), unit: 'ms' },
    { what: `${what}: longest`, value: measured.percentile(1), unit: 'ms' },
    { what: `${what}: counted`, value: measured.count, unit: '' },
  ];
}
