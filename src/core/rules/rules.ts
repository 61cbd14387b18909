/** The settings that the rules depend on. Durations in ms. Two processors with the same rules give the same bytes for a log. */
export interface Rules {
  /** `G`: inactivity that ends a visit. */
  readonly gap: number;
  /** `B`: the watermark follows the event clock by this much. */
  readonly outOfOrderness: number;
  /** `A`: how long nothing must have arrived for a visit before it can end. */
  readonly arrivalGrace: number;
  /** `L`: how far the watermark may pass a visit's end and a late event still amend it. */
  readonly allowedLateness: number;
  /** `H`: how far behind the watermark an event may be at all; at least `L` + `G`. */
  readonly maxAge: number;
  readonly maxDuration: number;
  /** Events in a visit; within its span it takes up to twice as many. */
  readonly maxEvents: number;
  /** How far ahead of its record's timestamp an event may be. */
  readonly futureTolerance: number;
  /** Whether the broker is to stamp the records: one that it did not stamp then moves no clock past its own stamps. */
  readonly appendTime: boolean;
  readonly endingTypes: ReadonlySet<string>;
  readonly pageViewTypes: ReadonlySet<string>;
  readonly debugSessionIds: ReadonlySet<string>;
  /** Whether debug visits are published too. */
  readonly outputDebug: boolean;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const DEFAULT_RULES: Rules = {
  gap: 30 * MINUTE,
  outOfOrderness: 60_000,
  arrivalGrace: 10_000,
  allowedLateness: DAY,
  maxAge: 30 * DAY,
  maxDuration: DAY,
  maxEvents: 10_000,
  futureTolerance: 5 * MINUTE,
  appendTime: true,
  endingTypes: new Set(['sign-out', 'visit-ended']),
  pageViewTypes: new Set(['page-view']),
  debugSessionIds: new Set(['@debug-session-id']),
  outputDebug: false,
};
