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
  readonly pace: Pace;
}

/** Times within and between visits, ms. */
export interface Pace {
  /** Inactivity that ends a visit. A session comes back after more than twice of it. */
  readonly gap: number;
  readonly meanStep: number;
  /** Longest pause within a visit: below the gap by more than any event is late. */
  readonly longestStep: number;
  /** Late events come later by less than this. */
  readonly lateBy: number;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** For tidemark's settings as they are unless set. */
export const PACE: Pace = { gap: 30 * MINUTE, meanStep: 40 * SECOND, longestStep: 25 * MINUTE, lateBy: 10 * SECOND };
/** For traffic that is written as it happens: visits end while it is watched. `LIVE_SETTINGS` go with it. */
export const LIVE_PACE: Pace = { gap: 5 * SECOND, meanStep: 400, longestStep: 4 * SECOND, lateBy: 500 };

export const DEFAULT_SHAPE: Shape = {
  events: 2_000_000,
  perVisit: 10,
  lengths: 'geometric',
  hours: 4,
  partitions: 4,
  seed: 1,
  start: 1_700_000_000_000,
  closing: true,
  pace: PACE,
};

/** Longest that a visit of the mean length takes, ms: longer ones step faster, so that no cap on durations is met. */
const LONGEST_VISIT = 4 * HOUR;
/** One event in so many comes late. */
export const LATE_ONE_IN = 20;
/** One visit in so many is a session coming back. */
export const RETURNING_ONE_IN = 5;

export function meanStep({ perVisit, pace }: Shape): number {
  return Math.min(pace.meanStep, LONGEST_VISIT / perVisit);
}

/** ms from one visit's beginning to the next one's, on average. */
export function meanPause({ events, perVisit, hours }: Shape): number {
  return (hours * HOUR * perVisit) / events;
}

/** A topic name that contains the shape: two shapes of one pace never share one. */
export function topicOf(prefix: string, shape: Shape): string {
  const { events, perVisit, lengths, hours, partitions, seed, start, closing } = shape;
  const parts = [events, `${perVisit}${lengths === 'same' ? 's' : ''}`, hours, partitions, seed, start];
  return [prefix, ...parts, ...(closing ? [] : ['open'])].join('-');
}
