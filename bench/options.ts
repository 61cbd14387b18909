/** What the command line asks for. */
import { parseArgs } from 'node:util';
import { DEFAULT_SHAPE, type Shape } from './workload/shape.ts';

export const SCENARIOS = ['catch-up', 'wide', 'latency', 'growth', 'long', 'compare', 'clean'] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface Options {
  readonly scenario: Scenario;
  readonly shape: Shape;
  /** A topic that something else wrote, in place of a workload. */
  readonly given: { readonly topic: string; readonly events: number; readonly visits: number } | null;
  readonly runs: number;
  readonly processors: number;
  readonly quick: boolean;
  readonly profile: boolean;
  readonly ceilings: boolean;
  /** Directory of the peers; null: they are not measured. */
  readonly peers: string | null;
  /** Checkout whose built program is measured; null: this one. */
  readonly program: string | null;
  /** Which of the peers, or what part of `growth`; null: all. */
  readonly only: string | null;
  readonly minutes: number | null;
  /** Events a second. */
  readonly rate: number;
  /** What V8 may use for objects that live, MB. */
  readonly memory: number;
  /** Rows of ended visits that are there already. */
  readonly rows: number;
}

export class Usage extends Error {
  override readonly name = 'Usage';
}

export const USAGE = `npm run bench -- [scenario] [options]

Scenarios
  catch-up   from the first record of a topic to the last visit published (the default)
  wide       a million visits open at once: memory, and taking over after SIGKILL
  latency    steady traffic: append to visible in SQL, due to published
  growth     cost an event as volume, visits, tables, partitions and processors grow
  long       steady traffic under a memory limit: fails where memory or tables grow
  compare    decoding and folding here and in --program, at once, each on a core of its own
  clean      removes the topics that earlier runs wrote and keep

Options
  --events N        events of the workload; 8m and 200k are understood  (2m; --quick: 500k)
  --runs N          runs of each engine                                 (3; --quick: 1; compare: 8)
  --quick           tidemark alone, a short workload, and where its time goes
  --profile         keeps the V8 profile of --quick and lists its functions
  --no-ceilings     leaves out KafkaJS alone, + decoding, + folding in memory; --ceilings: with --quick too
  --peers DIR       measures the engines in that directory on the same topic, alternating
  --only NAME       of the peers, like flink or flink-heap; of growth: one of its parts
  --partitions N    of the topic                                        (4)
  --per-visit N     events of a visit                                   (10)
  --hours N         simulated time                                      (4)
  --seed N          of the workload                                     (1)
  --topic NAME      a topic that is there, with --events and --visits
  --visits N        visits in --topic, closing events apart; of wide: how many are open (1m)
  --processors N    of tidemark                                         (1)
  --rate N          events a second of latency and long                 (5000)
  --minutes N       of latency (1) and long (20)
  --memory N        long: MB that V8 may use for objects that live      (512)
  --rows N          growth: ended visits that are there already         (5m)
  --program DIR     another checkout, built: is measured in place of this one; compare: beside it

Settings of tidemark (TIDEMARK_…) in the environment are passed on. KAFKA_BROKERS, SCHEMA_REGISTRY_URL and DATABASE_URL
name a stack that runs; without them one is started. Results are printed and written to bench/results/.
`;

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean', default: false } as const;

/** @throws Usage, with what is wrong. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parsed(args);
  const [scenario = 'catch-up', ...more] = positionals;
  if (more.length > 0) throw new Usage(`one scenario at a time: ${positionals.join(', ')}`);
  if (!isOneOf(SCENARIOS, scenario)) throw new Usage(`there is no scenario ${scenario}`);
  const { quick, profile, topic, visits, peers, only } = values;
  if (profile && !quick) throw new Usage('--profile goes with --quick');
  if (quick && peers !== undefined) throw new Usage('--quick leaves the peers out: give one of the two');
  if (quick && scenario !== 'catch-up') throw new Usage('--quick is about catching up');
  if (topic !== undefined && (values.events === undefined || visits === undefined)) {
    throw new Usage('--topic needs --events and --visits: what is right cannot be told from the topic');
  }
  if (scenario === 'compare' && values.program === undefined) {
    throw new Usage('compare needs --program: the checkout to compare this one with');
  }
  if (visits !== undefined && topic === undefined && scenario !== 'wide') throw new Usage('--visits goes with --topic');
  const number = (name: Numeric, otherwise: number) => numberOf(name, values[name], otherwise);
  const shape: Shape = {
    ...DEFAULT_SHAPE,
    ...wideShape(scenario, number('visits', 1_000_000)),
    ...(values.events === undefined && scenario !== 'wide' ? { events: quick ? 500_000 : DEFAULT_SHAPE.events } : {}),
    ...(values.events === undefined ? {} : { events: number('events', 0) }),
    ...(values['per-visit'] === undefined ? {} : { perVisit: number('per-visit', 0) }),
    ...(values.hours === undefined ? {} : { hours: number('hours', 0) }),
    partitions: number('partitions', DEFAULT_SHAPE.partitions),
    seed: number('seed', DEFAULT_SHAPE.seed),
  };
  return {
    scenario,
    shape,
    given: topic === undefined ? null : { topic, events: shape.events, visits: number('visits', 0) },
    runs: number('runs', scenario === 'compare' ? 8 : quick || scenario !== 'catch-up' ? 1 : 3),
    processors: number('processors', 1),
    quick,
    profile,
    ceilings: values.ceilings ?? (scenario === 'catch-up' && !quick),
    peers: peers ?? null,
    program: values.program ?? null,
    only: only ?? null,
    minutes: values.minutes === undefined ? null : number('minutes', 0),
    rate: number('rate', 5_000),
    memory: number('memory', 512),
    rows: number('rows', 5_000_000),
  };
}

type Numeric =
  | 'events'
  | 'visits'
  | 'runs'
  | 'partitions'
  | 'per-visit'
  | 'hours'
  | 'seed'
  | 'processors'
  | 'rate'
  | 'minutes'
  | 'memory'
  | 'rows';

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      allowNegative: true,
      options: {
        events: TEXT,
        visits: TEXT,
        runs: TEXT,
        partitions: TEXT,
        'per-visit': TEXT,
        hours: TEXT,
        seed: TEXT,
        processors: TEXT,
        rate: TEXT,
        minutes: TEXT,
        memory: TEXT,
        rows: TEXT,
        topic: TEXT,
        peers: TEXT,
        only: TEXT,
        program: TEXT,
        quick: FLAG,
        profile: FLAG,
        ceilings: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new Usage((error as Error).message);
  }
}

/** All visits begin within a quarter of an hour, so that none is over when the last begins. */
function wideShape(scenario: Scenario, visits: number): Partial<Shape> {
  if (scenario !== 'wide') return {};
  return { events: visits * 3, perVisit: 3, lengths: 'same', hours: 0.25, closing: false };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6 };
const FRACTIONS: ReadonlySet<Numeric> = new Set(['hours', 'minutes', 'per-visit']);

function numberOf(name: Numeric, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const [, digits, unit] = /^(\d+(?:[._]?\d+)*)([km]?)$/i.exec(text) ?? [];
  const value = Number(digits?.replaceAll('_', '')) * UNITS[unit?.toLowerCase() ?? '']!;
  if (!(value > 0) || !(FRACTIONS.has(name) || Number.isInteger(value))) {
    throw new Usage(`--${name} ${text}: a number above 0 is needed, like 8, 200k or 2m`);
  }
  return value;
}

function isOneOf<T extends string>(all: readonly T[], name: string): name is T {
  return (all as readonly string[]).includes(name);
}
