/** What a workload is like. The same shape gives the same records, byte for byte, whatever writes them. */
export interface Shape {
  readonly events: number;
  /** Events of a visit, on average. */
  readonly perVisit: number;
  /** `geometric`: most visits are short, some long; `same`: all have `perVisit`. */
  readonly lengths: 'geometric' | 'same';
  /** Simulated time over which visits begin, hours. */
  readonly hours: number;
  readonly partitions: number;
  readonly seed: number;
  /** Simulated time of the beginning, ms since the epoch. Long past: brokers refuse times to come. */
  readonly start: number;
  /** One event a partition at the end, far enough ahead for engines that know only event time to end all before it. */
  readonly closing: boolean;
}

export const DEFAULT_SHAPE: Shape = {
  events: 2_000_000,
  perVisit: 10,
  lengths: 'geometric',
  hours: 4,
  partitions: 4,
  seed: 1,
  start: 1_700_000_000_000,
  closing: true,
};

const HOUR = 3_600_000;
export const GAP = HOUR / 2;
/** Longest pause within a visit, ms: below the gap by more than any event is late. */
export const LONGEST_STEP = 1_500_000;
const MEAN_STEP = 40_000;
/** Longest that a visit of the mean length takes, ms: longer ones step faster, so that no cap on durations is met. */
const LONGEST_VISIT = 4 * HOUR;
/** One event in `LATE_ONE_IN` comes up to `LATE_BY` ms late. */
export const LATE_ONE_IN = 20;
export const LATE_BY = 10_000;
/** One visit in so many is a session coming back. */
export const RETURNING_ONE_IN = 5;

export function meanStep({ perVisit }: Shape): number {
  return Math.min(MEAN_STEP, LONGEST_VISIT / perVisit);
}

/** ms from one visit's beginning to the next one's, on average. */
export function meanPause({ events, perVisit, hours }: Shape): number {
  return (hours * HOUR * perVisit) / events;
}

/** A topic name that tells the shape: two shapes never share one. */
export function topicOf(prefix: string, shape: Shape): string {
  const { events, perVisit, lengths, hours, partitions, seed, start, closing } = shape;
  const parts = [events, `${perVisit}${lengths === 'same' ? 's' : ''}`, hours, partitions, seed, start];
  return [prefix, ...parts, ...(closing ? [] : ['open'])].join('-');
}
