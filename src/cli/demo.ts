import { Command, InvalidArgumentError } from 'commander';
import { duration } from '../settings/types.ts';
import type { ExitCode, Io } from './io.ts';

interface Options {
  readonly seconds: number;
  readonly rate: number;
  readonly seed?: number;
  readonly gap: number;
  readonly keep?: boolean;
  readonly verbose?: boolean;
}

export function demoCommand(io: Io, finish: (code: ExitCode) => void): Command {
  return new Command('demo')
    .description(
      'all of it on one machine, with no set-up: traffic, visits that open and end, and whether the sums agree',
    )
    .option('--seconds <n>', 'how long traffic is written', positive, 30)
    .option('--rate <n>', 'records a second', positive, 12)
    .option('--seed <n>', 'the same number gives the same visitors (default: any)', wholeNumber)
    .option('--gap <time>', 'inactivity that ends a visit', gap, 3_000)
    .option('--keep', 'go on at the end with slow traffic, and leave everything up until Ctrl-C')
    .option('--verbose', "show the processor's log, and a line for all that happens")
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      finish(await demo(options, io));
    });
}

const EXAMPLES = `
Runs on what KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL name if all three are set, with topics, a group and a
schema of its own that it removes at the end; else on containers; else on Java; else in memory, which it says.
TIDEMARK_STACK chooses: environment, docker, java, memory, or required for anything that is real.

The console is up meanwhile: its address is printed. --keep leaves the time to look at it.

Exits 0 only if the sums agree: 1 names what differs. Ctrl-C ends it and cleans up; a second one exits at once.

Examples:
  $ tidemark demo
  $ tidemark demo --seconds 10 --rate 100 --seed 7
  $ TIDEMARK_STACK=memory tidemark demo
  $ tidemark demo --keep
`;

async function demo(options: Options, io: Io): Promise<ExitCode> {
  const [{ runDemo }, { untilSignal }] = await Promise.all([import('../demo/run.ts'), import('./signals.ts')]);
  let interrupted: ExitCode = 130;
  const ending = untilSignal((name) => {
    if (name === 'SIGTERM') interrupted = 143;
  });
  // The reader of the output has gone, as with `| head` or a terminal that was closed.
  const unread = new AbortController();
  const gone = () => unread.abort();
  process.stdout.on('error', gone);
  process.on('SIGHUP', gone);
  const reader: Io = {
    ...io,
    out: (text) => {
      if (!unread.signal.aborted) io.out(text);
    },
  };
  try {
    const agree = await runDemo(
      {
        duration: options.seconds * 1_000,
        rate: options.rate,
        seed: options.seed ?? Math.floor(Math.random() * 2 ** 31),
        gap: options.gap,
        keep: options.keep ?? false,
        verbose: options.verbose ?? false,
      },
      reader,
      AbortSignal.any([ending.signal, unread.signal]),
    );
    return agree === null ? interrupted : agree ? 0 : 1;
  } finally {
    ending.stop();
    process.stdout.off('error', gone);
    process.off('SIGHUP', gone);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Write a number above 0.');
  return value;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('Write a whole number.');
  return Number(text);
}

/** Many visits have to fit into the demo, and many looks into a visit. */
const gapType = duration(200, 60_000);

function gap(text: string): number {
  const parsed = gapType.schema.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(`It ${parsed.error.issues[0]!.message}.`);
  return parsed.data;
}
