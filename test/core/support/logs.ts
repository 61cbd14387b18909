/**
 * Random logs that meet the corners: few sessions and profiles, small bounds, and times that lie on a gap, a cap or
 * the watermark, or one millisecond beside it.
 */
import fc from 'fast-check';
import { isRefusal, type LogRecord } from '../../../src/core/rules/event.ts';
import type { Rules } from '../../../src/core/rules/rules.ts';
import { decode, type PlainEvent } from '../../reference/decode.ts';
import type { Step } from '../../reference/reference.ts';
import { rulesOf, type ScenarioConfig } from '../../reference/scenario.ts';

/** A record as a scenario file writes it, with as many events as Tracardi's payload may hold. */
export interface PlainRecord {
  readonly offset: number;
  readonly arrives: number;
  /** False: `arrives` is not the broker's stamp. */
  readonly stamped?: boolean;
  readonly events: readonly (PlainEvent | null)[];
}

export type PlainStep = PlainRecord | { readonly now: number };

export interface Log {
  readonly config: Required<ScenarioConfig>;
  readonly outputDebug: boolean;
  readonly steps: readonly PlainStep[];
}

export function rulesOfLog(log: Log): Rules {
  return { ...rulesOf(log.config), outputDebug: log.outputDebug };
}

/** `raw` differs from any other by its offset. */
export function stepsOfLog(log: Log): Step<string>[] {
  // Of equal parts one object, as the decoder gives them.
  const parts = new Map<string, unknown>();
  const equal = <T>(part: T): T => {
    const text = JSON.stringify(part);
    if (!parts.has(text)) parts.set(text, part);
    return parts.get(text) as T;
  };
  return log.steps.map((step) => {
    if ('now' in step) return step;
    const entries = step.events.map((event) => {
      const entry = decode(event, step.arrives);
      // Whether an event's parts are shared decides when its visit takes them, and nothing else.
      if (isRefusal(entry)) return entry;
      return {
        ...entry,
        named: equal(entry.named),
        context: equal(entry.context),
        contextPage: equal(entry.contextPage),
        contextUtm: equal(entry.contextUtm),
        shared: step.offset % 4 !== 0,
        sessionHint: hintOf(entry.sessionId, step.offset),
      };
    });
    const { offset, arrives: timestamp, stamped } = step;
    const record: LogRecord<string> = { offset, timestamp, stamped, entries, raw: `r${offset}` };
    return { record };
  });
}

/** Mostly the same for a session, now and then that of another, or none: which it is decides nothing. */
function hintOf(sessionId: string, offset: number): number {
  if (offset % 7 === 0) return -1;
  return (offset % 5 === 0 ? offset : sessionId.charCodeAt(sessionId.length - 1)) % 3;
}

const START = Date.UTC(2026, 0, 1);

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/** Bounds are small multiples of one unit, which is sometimes a millisecond and sometimes many minutes. */
export const configs: fc.Arbitrary<Required<ScenarioConfig>> = fc
  .record({
    unit: oneOf(1, 10, 1_000_000),
    gap: oneOf(10, 30, 10, 30, 10, 30, 0),
    outOfOrderness: oneOf(5, 0, 20, 5),
    grace: oneOf(1, 0, 8, 2, 50),
    lateness: oneOf(20, 100, 1_000, 100, 20, 0),
    beyond: oneOf(200, 0, 10, 5_000, 5_000),
    maxDuration: oneOf(60, 1_000, 25, 1_000, 1_000, 10),
    maxEvents: oneOf(100, 100, 100, 5, 5, 3, 2, 1),
    tolerance: oneOf(5, 40, 40, 0),
  })
  .map(({ unit, ...of }) => ({
    gap_ms: of.gap * unit,
    out_of_orderness_ms: of.outOfOrderness * unit,
    arrival_grace_ms: of.grace * unit,
    allowed_lateness_ms: of.lateness * unit,
    max_age_ms: (of.lateness + of.gap + of.beyond) * unit,
    max_duration_ms: of.maxDuration * unit,
    max_events: of.maxEvents,
    future_tolerance_ms: of.tolerance * unit,
    debug_session_ids: ['@debug-session-id'],
    ending_types: ['sign-out', 'visit-ended'],
  }));

// ------------------------------------------------------------------------------------------------------- choices

/** How long, in terms of the bounds; what stands first is what a log shrinks to. */
const LENGTHS = [
  'none',
  'unit',
  'few',
  'gap',
  'half',
  'apart',
  'grace',
  'lag',
  'silence',
  'duration',
  'late',
  'age',
  'tolerance',
] as const;
type Length = (typeof LENGTHS)[number];

function lengthOf(config: Required<ScenarioConfig>, length: Length): number {
  const { gap_ms: G, out_of_orderness_ms: B, arrival_grace_ms: A } = config;
  switch (length) {
    case 'none':
      return 0;
    case 'unit':
      return Math.ceil(G / 30);
    case 'few':
      return Math.ceil(G / 7);
    case 'half':
      return Math.ceil(G / 2);
    case 'gap':
      return G;
    case 'apart':
      return G + Math.ceil(G / 2);
    case 'grace':
      return A;
    case 'lag':
      return B;
    case 'silence':
      return G + B + A;
    case 'duration':
      return config.max_duration_ms;
    case 'late':
      return config.allowed_lateness_ms + G;
    case 'age':
      return config.max_age_ms + B;
    case 'tolerance':
      return config.future_tolerance_ms;
  }
}

/** One millisecond beside a bound is where an inclusive bound and an exclusive one differ. */
const beside = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: oneOf(1, -1) });

const forward = fc.oneof(
  { weight: 12, arbitrary: oneOf<Length>('unit', 'none', 'few', 'half') },
  { weight: 5, arbitrary: oneOf<Length>('gap', 'grace', 'lag', 'silence') },
  { weight: 1, arbitrary: oneOf<Length>('late', 'duration', 'silence', 'age') },
);

/** Where an event's time is counted from. */
const times = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      from: fc.constant('record' as const),
      ref: fc.constant(0),
      sign: fc.constant(-1),
      length: oneOf<Length>('none', 'unit', 'few', 'lag'),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      from: fc.constant('event' as const),
      ref: fc.nat(6),
      sign: oneOf(1, -1),
      length: fc.oneof(
        { weight: 6, arbitrary: oneOf<Length>('gap', 'half', 'unit', 'apart', 'none', 'few') },
        { weight: 1, arbitrary: oneOf(...LENGTHS) },
      ),
    }),
  },
  {
    // Half way between two events of one session, which are often in two visits.
    weight: 4,
    arbitrary: fc.record({
      from: fc.constant('between' as const),
      ref: fc.nat(9),
      sign: fc.constant(1),
      length: fc.constant('none' as const),
    }),
  },
  {
    // Where a second ending event still belongs to the first, and where it does not.
    weight: 1,
    arbitrary: fc.record({
      from: fc.constant('event' as const),
      ref: fc.nat(1),
      sign: fc.constant(1),
      length: fc.constant('lag' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      from: oneOf('watermark' as const, 'record' as const),
      ref: fc.constant(0),
      sign: oneOf(-1, 1),
      length: oneOf(...LENGTHS),
    }),
  },
);

const maybe = <T>(weight: number, arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: weight, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const SESSIONS = ['a', 'b', '\u{1f600}', '@debug-session-id'];
const TYPES = ['page-view', 'product-click', '*', 'sign-out', 'visit-ended'];

const eventChoices = fc.record({
  /** null: that of the event which its time is counted from. */
  session: fc.oneof(
    { weight: 6, arbitrary: fc.constant(null) },
    { weight: 6, arbitrary: fc.nat(1) },
    { weight: 1, arbitrary: fc.nat(3) },
  ),
  debug: fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  profile: oneOf(null, 'p', 'q', '\uffee', '\u{1f600}'),
  type: fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(4) }),
  time: times,
  beside,
  // Ids that sort otherwise as UTF-8 bytes than as UTF-16 units.
  id: oneOf('e', 'b', '\uffee', '\u{1f600}'),
  /** An event sent before, by its place; as it was, or with its id alone. */
  resent: maybe(9, fc.record({ ref: fc.nat(9), whole: fc.boolean() })),
  source: oneOf(null, 'shop', 'app'),
  page: maybe(1, fc.record({ path: oneOf('/', '/a', ''), referrer: oneOf(null, 'https://x.example/') })),
  utm: maybe(4, fc.record({ source: oneOf('mail', null, ''), term: oneOf('shoes', null) })),
  device: maybe(4, fc.record({ type: oneOf('mobile', null), os: oneOf('Linux', '') })),
  language: maybe(3, oneOf('en', 'pl-PL', '')),
  location: maybe(4, fc.record({ country: oneOf('PL', 'NL', null), city: oneOf('Gent', null) })),
  extra: maybe(6, fc.dictionary(oneOf('x', 'y'), oneOf('1', '2', ''), { maxKeys: 2 })),
  properties: maybe(6, fc.dictionary(oneOf('n', 'm'), oneOf<null | number | string>(1, 'x', null), { maxKeys: 2 })),
  traits: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.dictionary(oneOf('k', 'l'), oneOf<null | number | string | boolean>(1, null, '', true), {
        maxKeys: 2,
      }),
    },
  ),
});
type EventChoice = typeof eventChoices extends fc.Arbitrary<infer T> ? T : never;

const entryChoices = fc.oneof(
  { weight: 20, arbitrary: eventChoices },
  { weight: 1, arbitrary: oneOf('undecodable' as const, 'invalid' as const) },
);

const recordChoices = fc.record({
  advance: forward,
  beside,
  /** A record stamped before the one before it. */
  back: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  hole: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
  entries: fc.oneof(
    { weight: 6, arbitrary: fc.tuple(entryChoices) },
    { weight: 1, arbitrary: fc.array(entryChoices, { minLength: 2, maxLength: 4 }) },
  ),
});

const nowChoices = fc.record({ now: forward, beside });

export type Choice =
  | (typeof recordChoices extends fc.Arbitrary<infer T> ? T : never)
  | (typeof nowChoices extends fc.Arbitrary<infer T> ? T : never);

/** @param anticipation whether `{now}` stands among the records. */
export function choices(anticipation: boolean): fc.Arbitrary<Choice[]> {
  const step: fc.Arbitrary<Choice> = anticipation
    ? fc.oneof({ weight: 8, arbitrary: recordChoices }, { weight: 1, arbitrary: nowChoices })
    : recordChoices;
  return fc.array(step, { minLength: 1, maxLength: 40, size: 'max' });
}

/** Choices to a log: times are worked out from what came before. */
export function build(config: Required<ScenarioConfig>, outputDebug: boolean, made: readonly Choice[]): Log {
  const steps: PlainStep[] = [];
  const sent: PlainEvent[] = [];
  let arrives = START;
  let offset = 0;
  let latest = START;

  const timeOf = (choice: EventChoice, session: string, debug: boolean): number => {
    const { from, ref, sign, length } = choice.time;
    const earlier = sent.at(-1 - ref)?.occurred_at ?? arrives;
    if (from === 'between') {
      const of = sent.filter((event) => event.session_id === session && event.debug === debug);
      const at = [...new Set(of.map((event) => event.occurred_at))].sort((a, b) => a - b);
      const pairs = at.slice(1).map((to, i) => [at[i]!, to] as const);
      const apart = pairs.filter(([a, b]) => b - a > config.gap_ms && b - a <= 2 * config.gap_ms);
      const [a, b] = (apart.length > 0 ? apart : pairs).at(-1 - (ref % (apart.length || 1))) ?? [earlier, earlier];
      return Math.floor((a + b) / 2) + choice.beside;
    }
    const base = from === 'record' ? arrives : from === 'event' ? earlier : latest - config.out_of_orderness_ms;
    return base + sign * lengthOf(config, length) + choice.beside;
  };
  const eventOf = (choice: EventChoice | 'undecodable' | 'invalid'): PlainEvent | null => {
    if (choice === 'undecodable') return null;
    const event_id = `e${sent.length}`;
    if (choice === 'invalid') return { event_id, session_id: '', type: 'page-view', occurred_at: arrives };
    const again = choice.resent === null ? undefined : sent.at(-1 - choice.resent.ref);
    if (again !== undefined && choice.resent?.whole) return again;
    const context = {
      page: choice.page,
      utm: choice.utm,
      device: choice.device,
      location: choice.location,
      language: choice.language,
      extra: choice.extra,
    };
    const beside = choice.session === null ? sent.at(-1 - choice.time.ref) : undefined;
    const session = beside?.session_id ?? SESSIONS[choice.session ?? 0]!;
    const debug = beside?.debug ?? choice.debug;
    const event: PlainEvent = {
      event_id: again?.event_id ?? `${choice.id}${sent.length}`,
      session_id: session,
      profile_id: choice.profile,
      source_id: choice.source,
      type: TYPES[choice.type]!,
      occurred_at: timeOf(choice, session, debug),
      debug,
      context,
      properties: choice.properties,
      traits: choice.traits,
    };
    sent.push(event);
    if (event.occurred_at <= arrives) latest = Math.max(latest, event.occurred_at);
    return event;
  };

  for (const choice of made) {
    if ('now' in choice) {
      steps.push({ now: arrives + lengthOf(config, choice.now) + choice.beside });
      continue;
    }
    const by = lengthOf(config, choice.advance) + choice.beside;
    arrives = choice.back ? arrives - by : Math.max(arrives, arrives + by);
    offset += choice.hole;
    steps.push({ arrives, offset: offset++, events: choice.entries.map(eventOf) });
  }
  return { config, outputDebug, steps };
}

/** A topic's setting of who stamps its records, and how it changes. */
export interface Stamping {
  /** Indexes of the steps at which it changes; before the first of them the broker stamps. */
  readonly switches: readonly number[];
  /** What producers write while it is theirs, each in turn: by how much it is beside the time of arrival, or a time. */
  readonly stamps: readonly ({ readonly sign: number; readonly length: Length } | { readonly at: number })[];
}

const ownStamps = fc.oneof(
  { weight: 6, arbitrary: fc.record({ sign: oneOf(-1, 1), length: oneOf(...LENGTHS) }) },
  { weight: 1, arbitrary: fc.record({ at: oneOf(0, Date.UTC(2100, 0, 1)) }) },
);

export const stampings: fc.Arbitrary<Stamping> = fc.record({
  switches: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    // Older than the setting, and maybe of a time when it was another again.
    { weight: 2, arbitrary: fc.tuple(fc.constant(0), fc.nat(30)) },
    { weight: 2, arbitrary: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }) },
  ),
  stamps: fc.array(ownStamps, { minLength: 1, maxLength: 6 }),
});

/** The same log with the producers' stamps where the broker's are not. */
export function stampedBy(log: Log, { switches, stamps }: Stamping): Log {
  const steps = log.steps.map((step, i): PlainStep => {
    const isTheirs = switches.filter((at) => at <= i).length % 2 === 1;
    if ('now' in step || !isTheirs) return step;
    const stamp = stamps[step.offset % stamps.length]!;
    const arrives = 'at' in stamp ? stamp.at : step.arrives + stamp.sign * lengthOf(log.config, stamp.length);
    return { ...step, arrives, stamped: false };
  });
  return { ...log, steps };
}

/** Logs of up to 40 steps. */
export function logs(anticipation = true): fc.Arbitrary<Log> {
  const outputDebug = fc.oneof(
    { weight: 4, arbitrary: fc.constant(false) },
    { weight: 1, arbitrary: fc.constant(true) },
  );
  return fc
    .tuple(configs, outputDebug, choices(anticipation), stampings)
    .map(([config, debug, made, stamping]) => stampedBy(build(config, debug, made), stamping));
}
