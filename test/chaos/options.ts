import { parseArgs } from 'node:util';

/** What the command line asks for. */
export const options = readOptions();

/** A bound for waiting, ms, on this machine: what is bounded is that it ends, not how fast. */
export function patience(ms: number): number {
  return ms * options.slow;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      rate: { type: 'string', default: '150' },
      only: { type: 'string' },
      slow: { type: 'string', default: '1' },
      calm: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  });
  const given = [values.minutes, values.seed, values.rate, values.slow].map(Number);
  const [minutes, seed, rate, slow] = given as [number, number, number, number];
  if (!(minutes > 0 && Number.isInteger(seed) && rate > 0 && slow >= 1)) {
    process.stderr.write(
      'usage: npm run chaos -- [--minutes 2] [--seed 1] [--rate 150] [--slow 1] [--only words] [--calm] [--keep]\n',
    );
    process.exit(2);
  }
  const only = values.only?.split(',') ?? [];
  return { minutes, seed, rate, slow, only, calm: values.calm, keep: values.keep };
}
