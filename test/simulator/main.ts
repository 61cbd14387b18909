/**
 * `npm run simulate:faults -- [--seeds N] [--from S] [--seed S] [--weakness W]`: runs seeds, fresh ones unless they are given.
 * Exit 1 if one fails, 2 if it was asked for something that there is not.
 */
import { parseArgs } from 'node:util';
import { planOf } from './plan.ts';
import { again } from './report.ts';
import { simulate } from './run.ts';
import { search, seedsFrom } from './search.ts';
import { WEAKNESSES, type Weakness } from './weakness.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string' },
    seed: { type: 'string' },
    weakness: { type: 'string' },
  },
});

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  console.error(`--${name} takes a whole number from 0 to ${2 ** 31 - 1}, not ${text}`);
  process.exit(2);
}

function weaknessOf(text: string | undefined): Weakness | null {
  const weakness = WEAKNESSES.find((one) => one === text) ?? null;
  if (text === undefined || weakness !== null) return weakness;
  console.error(`--weakness is one of ${WEAKNESSES.join(', ')}, not ${text}`);
  process.exit(2);
}

const weakness = weaknessOf(values.weakness);
const one = values.seed === undefined ? null : wholeNumber('seed', values.seed);
const count = one === null ? wholeNumber('seeds', values.seeds) : 1;
const first = one ?? (values.from === undefined ? Date.now() % 2 ** 31 : wholeNumber('from', values.from));

const began = performance.now();
const found = await search(seedsFrom(first, count), weakness, 3, (runs) => {
  if (runs % 1_000 === 0 && runs < count) console.error(`${runs} of ${count} seeds`);
});
const minutes = (performance.now() - began) / 60_000;
for (const failure of found.failures) console.log(`${failure}\n`);
if (one !== null && found.failures.length === 0) {
  console.log((await simulate(planOf(one), weakness, true)).trace.join('\n'));
}
const kinds = [...found.faults].sort(([, a], [, b]) => b - a).map(([kind, times]) => `${kind} ${times}`);
console.log(`faults: ${kinds.join(', ') || 'none'}`);
console.log(
  `${found.runs} seeds from ${first}, ${Math.round(found.runs / minutes)} a minute, ` +
    `${Math.round(found.virtualMs / 60_000)} minutes of virtual time: ${found.failures.length} failed`,
);
if (found.failures.length > 0) {
  if (one === null) console.log(`one of them again: ${again(first, weakness).replace(String(first), 'SEED')}`);
  process.exitCode = 1;
}
