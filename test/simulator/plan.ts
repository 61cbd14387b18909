/**
 * What happens in a run, as plain data that a seed decides: the log, the settings, and the faults. Plain, so that a run
 * that fails can be made smaller piece by piece: see shrink.ts.
 */
import fc from 'fast-check';
import type { OutputTopic } from '../../src/ports/output.ts';
import { build, choices, configs, type Log, stampedBy, stampings } from '../core/support/logs.ts';
import type { PlainEvent } from '../reference/decode.ts';
import type { ScenarioConfig } from '../reference/scenario.ts';
import { type Dice, dice, pick, streamOf, whole } from './dice.ts';

/** What may befall one request to the store or the broker. */
export const CALL_FAULTS = ['refused', 'request lost', 'reply lost', 'overtaken', 'slow'] as const;
/** What the reader may do that the log did not ask for. */
export const READ_FAULTS = ['batch again', 'old batch', 'position reset'] as const;
/** What befalls processes and parts, at a time. */
export const EVENT_FAULTS = [
  'killed',
  'told to stop',
  'stopped and resumed',
  'stopped for good',
  'rebalance',
  'clock step',
  'store restarted',
  'store stalled',
  'broker away',
  'requests cross',
  'leader moved',
  'coordinator moved',
  'broker killed',
  'broker frozen',
  'group coordinator deposed',
  'position expired',
  'database set back',
  'retention',
] as const;
/** What a take-over may meet. */
export const OTHER_FAULTS = ['owner unseen'] as const;

/** Those that come more often than others, because each befalls only some. */
const OFTEN: ReadonlySet<string> = new Set(['rebalance', 'leader moved', 'coordinator moved', 'requests cross']);
/** Those that come while something is published: at another time they befall nothing. */
const WHILE_PUBLISHING: ReadonlySet<string> = new Set([
  'leader moved',
  'coordinator moved',
  'broker killed',
  'broker frozen',
  'group coordinator deposed',
  'requests cross',
]);

export type CallFault = (typeof CALL_FAULTS)[number];
export type ReadFault = (typeof READ_FAULTS)[number];
export type EventFault = (typeof EVENT_FAULTS)[number];
export type FaultKind = CallFault | ReadFault | EventFault | (typeof OTHER_FAULTS)[number];
export const FAULTS: readonly FaultKind[] = [...CALL_FAULTS, ...READ_FAULTS, ...EVENT_FAULTS, ...OTHER_FAULTS];

export interface PlannedRecord {
  readonly partition: number;
  readonly offset: number;
  /** The record's timestamp, ms. */
  readonly timestamp: number;
  /** False: not the broker's. */
  readonly stamped?: boolean | undefined;
  readonly events: readonly (PlainEvent | null)[];
  /** When it is appended, ms after the start. */
  readonly at: number;
  /** End offset of the partition once it is appended: past its own offset + 1 where markers follow. */
  readonly end: number;
}

export interface PlannedEvent {
  readonly kind: EventFault;
  /** ms after the start. */
  readonly at: number;
  /** How long it lasts, or by how much it goes, ms. */
  readonly ms: number;
  /** Which of those that it may befall, in [0, 1). */
  readonly whom: number;
}

export interface Plan {
  readonly seed: number;
  readonly config: Required<ScenarioConfig>;
  readonly outputDebug: boolean;
  readonly partitions: number;
  readonly records: readonly PlannedRecord[];
  readonly hosts: number;
  readonly commitInterval: number;
  readonly commitMaxBytes: number;
  /** Memory for sessions without an open visit. */
  readonly idleBytes: number;
  readonly outboxMaxBytes: number;
  /** null: no processor anticipates, and timestamps have nothing to do with the time of the run. */
  readonly clockMargin: number | null;
  /** Partitions of each output topic: by key where they are not as many as the input's. */
  readonly outputs: Readonly<Record<OutputTopic, number>>;
  /** `max.message.bytes` of the output topics. */
  readonly batchBytes: number;
  /** How long a request to brokers is tried, and a transaction may be open, ms. */
  readonly patience: number;
  readonly transactionTimeout: number;
  /** Clocks may differ by more than the margin: anticipations may be wrong, and the reference has no answer. */
  readonly beyondMargin: boolean;
  /** Records that the reader hands over at once, at most. */
  readonly batch: number;
  /** Longest that a request, or an answer, is under way, ms. */
  readonly delay: number;
  /** What each host's clock is ahead by, ms. */
  readonly clocks: readonly number[];
  readonly faults: ReadonlySet<FaultKind>;
  /** Share of requests that a fault befalls. */
  readonly rate: number;
  readonly events: readonly PlannedEvent[];
  /** The requests that faults may befall, by name; null: all. */
  readonly only: ReadonlySet<string> | null;
}

export const START = Date.UTC(2026, 0, 1);
/** A run that anticipates lives through the time between its records; those later than this are left out, ms. */
const LONGEST = 60_000;

export function planOf(seed: number): Plan {
  const draw = dice(streamOf(seed, 'plan'));
  const partitions = whole(draw, 1, 4);
  const anticipates = draw() < 0.4;
  const busy = !anticipates && dice(streamOf(seed, 'busy'))() < 0.5;
  const beyondMargin = anticipates && draw() < 0.15;
  const parts = fc.tuple(configs, fc.array(choices(false), { minLength: partitions, maxLength: partitions }));
  const [drawn, made] = fc.sample(parts, { seed, numRuns: 1 })[0]!;
  // When the topic's setting was changed, each partition for itself: what it had got by then is not the same.
  const stamping = fc.sample(stampings, { seed, numRuns: partitions });
  const clockMargin = anticipates ? pick(draw, [0, 20, 200, 1_000]) : null;
  const config = anticipates ? withinSeconds(drawn) : drawn;
  const outputDebug = draw() < 0.2;
  const spread = clockMargin === null ? 0 : beyondMargin ? clockMargin * 3 + config.gap_ms : clockMargin / 2;
  const records = made.flatMap((choices, partition) => {
    // The broker's clock may go back, but not by as much as these do.
    const log = build(config, outputDebug, anticipates ? choices.map((each) => ({ ...each, back: false })) : choices);
    // A clock that anticipates is wrong before a record that the broker did not stamp, and the reference has no answer.
    // Those that are busy publish as much as they can.
    const stamped = anticipates || busy ? log : stampedBy(log, stamping[partition]!);
    const records = recordsOf(stamped, partition, anticipates ? spread : null, draw);
    return busy ? spaced(records, draw) : records;
  });
  const hosts = whole(draw, 1, 4);
  const faults = faultsOf(draw, beyondMargin, busy);
  const last = records.reduce((at, record) => Math.max(at, record.at), 0);
  // A partition is given out after two seconds at most, and a commit waits for as long.
  const publishing = () => (records.length === 0 ? 0 : pick(draw, records).at) + whole(draw, 0, busy ? 1_000 : 8_000);
  const steps = faults.has('clock step') ? (anticipates ? spread : 3_600_000) : anticipates ? spread : 0;
  return {
    seed,
    config,
    outputDebug,
    partitions,
    records: records.sort((a, b) => a.at - b.at || a.partition - b.partition || a.offset - b.offset),
    hosts,
    commitInterval: pick(draw, busy ? [50] : [50, 500, 2_000]),
    commitMaxBytes: pick(draw, busy ? [1] : [1, 500, 2_000, 1_000_000]),
    idleBytes: pick(draw, [0, 3_000, 24_000, 1_000_000]),
    outboxMaxBytes: pick(draw, [1, 500, 4_000, 1_000_000]),
    clockMargin,
    ...brokersOf(seed, partitions),
    beyondMargin,
    batch: pick(draw, [1, 3, 10, 500]),
    delay: pick(draw, busy ? [5, 20, 50] : [0, 5, 50, 200]),
    clocks: Array.from({ length: hosts }, () => Math.round((draw() * 2 - 1) * steps)),
    faults,
    rate: pick(draw, busy ? [0.02] : [0.02, 0.1, 0.3]),
    events: eventsOf(draw, faults, last + 2_000, steps, publishing),
    only: null,
  };
}

/** From a stream of its own: the rest stays as it is. */
function brokersOf(
  seed: number,
  partitions: number,
): Pick<Plan, 'outputs' | 'batchBytes' | 'patience' | 'transactionTimeout'> {
  const draw = dice(streamOf(seed, 'brokers'));
  const count = () => (draw() < 0.6 ? partitions : whole(draw, 1, 4));
  return {
    outputs: { output: count(), 'dead-letter': count(), late: count() },
    batchBytes: pick(draw, [300, 2_000, 1_000_000]),
    patience: pick(draw, [500, 3_000, 15_000]),
    transactionTimeout: pick(draw, [2_000, 15_000]),
  };
}

/** The same bounds, in proportion, where one of them would be hours. */
function withinSeconds(config: Required<ScenarioConfig>): Required<ScenarioConfig> {
  if (config.max_duration_ms < 10_000_000) return config;
  const ms = (value: number) => value / 10_000;
  return {
    ...config,
    gap_ms: ms(config.gap_ms),
    out_of_orderness_ms: ms(config.out_of_orderness_ms),
    arrival_grace_ms: ms(config.arrival_grace_ms),
    allowed_lateness_ms: ms(config.allowed_lateness_ms),
    max_age_ms: ms(config.max_age_ms),
    max_duration_ms: ms(config.max_duration_ms),
    future_tolerance_ms: ms(config.future_tolerance_ms),
  };
}

/** @param spread what the broker's clock is off by at most, ms; null: timestamps do not follow the run's time. */
function recordsOf(log: Log, partition: number, spread: number | null, draw: Dice): PlannedRecord[] {
  const steps = log.steps.flatMap((step) => ('now' in step ? [] : [step]));
  const backlog = draw() < 0.3 ? whole(draw, 0, steps.length) : 0;
  const records: PlannedRecord[] = [];
  // Later by so much that nothing lies before the start, whatever the broker's clock is.
  const by = spread === null ? 0 : Math.ceil(spread) + whole(draw, 0, 1_000);
  let at = 0;
  let off = 0;
  for (const [i, { arrives, stamped, offset, events }] of steps.entries()) {
    const timestamp = arrives + by;
    if (spread === null) {
      if (i >= backlog && draw() < 0.7) at += whole(draw, 0, 300);
    } else {
      if (draw() < 0.2) off = Math.round((draw() * 2 - 1) * spread);
      at = Math.max(at, timestamp - off - START);
      if (at > LONGEST) break;
    }
    const following = steps[i + 1]?.offset ?? offset + whole(draw, 1, 3);
    const end = draw() < 0.5 ? offset + 1 : following;
    const later = by === 0 ? events : events.map((event) => event && { ...event, occurred_at: event.occurred_at + by });
    records.push({ partition, offset, timestamp, stamped, events: later, at, end });
  }
  return records;
}

/** One after the other, from when all are assigned: a transaction for each, and faults in between. */
function spaced(records: readonly PlannedRecord[], draw: Dice): PlannedRecord[] {
  let at = 2_000;
  return records.map((record) => {
    at += whole(draw, 20, 300);
    return { ...record, at };
  });
}

function faultsOf(draw: Dice, beyondMargin: boolean, busy: boolean): Set<FaultKind> {
  const share = pick(draw, busy ? [0.15] : [0, 0.15, 0.4, 0.8]);
  const faults = new Set(FAULTS.filter((kind) => draw() < (busy && WHILE_PUBLISHING.has(kind) ? 0.8 : share)));
  // What was folded otherwise than the log has it cannot be folded again the same.
  if (beyondMargin) faults.delete('database set back');
  if (faults.has('database set back')) faults.delete('retention');
  return faults;
}

/** @param publishing when something may be under way to the output, ms after the start. */
function eventsOf(
  draw: Dice,
  faults: ReadonlySet<FaultKind>,
  until: number,
  step: number,
  publishing: () => number,
): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  for (const kind of EVENT_FAULTS) {
    // Drawn whether it is used or not: one kind more or less leaves the others where they are.
    const mine = Array.from({ length: whole(draw, 1, OFTEN.has(kind) ? 8 : 4) }, () => {
      const at = WHILE_PUBLISHING.has(kind) ? publishing() : whole(draw, 0, until);
      const size = draw();
      const ms = kind === 'clock step' ? Math.round((size * 2 - 1) * step) : Math.round(50 + size ** 3 * 20_000);
      return { kind, at, ms, whom: draw() };
    });
    if (faults.has(kind)) events.push(...mine);
  }
  return events.sort((a, b) => a.at - b.at);
}
