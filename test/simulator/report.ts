/** A run that failed, for people: how to run it again, what it takes, and what happened. */
import { type Plan, START } from './plan.ts';
import type { Shrunk } from './shrink.ts';
import type { Weakness } from './weakness.ts';

/** Lines of the trace that are shown at most. */
const LINES = 150;

export function again(seed: number, weakness: Weakness | null): string {
  const weak = weakness === null ? '' : ` --weakness '${weakness}'`;
  return `npm run simulate:faults -- --seed ${seed}${weak}`;
}

export function report(
  failure: string,
  plan: Plan,
  weakness: Weakness | null,
  { plan: smallest, outcome, runs }: Shrunk,
): string {
  const { config, records, events, faults, only, seed, ...rest } = smallest;
  const { outputDebug, partitions, ...settings } = rest;
  const trace = outcome.trace.length <= LINES ? outcome.trace : ['…', ...outcome.trace.slice(-LINES)];
  return [
    `seed ${seed}: ${failure}`,
    `again: ${again(seed, weakness)}`,
    '',
    `smallest run that fails, after ${runs} runs: ${outcome.failure}`,
    `faults: ${[...faults].join(', ') || 'none'} (of ${plan.faults.size} kinds)`,
    ...events.map(({ kind, at, ms, whom }) => `  at ${at} ${kind}, ${ms} ms, whom ${whom.toFixed(3)}`),
    ...[...(only ?? [])].map((name) => `  ${name}`),
    `records: ${records.length} (of ${plan.records.length}), partitions ${partitions}`,
    ...records.map(
      ({ partition, offset, timestamp, stamped = true, events, at, end }) =>
        `  at ${at} p${partition} offset ${offset} stamped ${stamped ? '' : 'by its producer '}${timestamp - START}, end ${end}: ${JSON.stringify(events)}`,
    ),
    `settings: ${JSON.stringify(settings)}`,
    `config: ${JSON.stringify({ ...config, outputDebug })}`,
    'what happened, ms since the start:',
    ...trace.map((line) => `  ${line}`),
  ].join('\n');
}
