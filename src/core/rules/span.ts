/**
 * A visit as the rules see it: when it began and ended, and what became of it so far. Plain values, so that the rules
 * do not know how a visit is held. Times in ms since the epoch.
 */

/** Why a visit ended. */
export type EndReason = 'inactivity' | 'explicit' | 'max_duration' | 'max_events';

/** Why nothing is added after a visit's last event. */
export type Seal = Exclude<EndReason, 'inactivity'>;

/** What decides when a visit ends. */
export interface Timed {
  /** Last event's `t`. */
  readonly lastEventAt: number;
  /** Highest of the arrival clock and `t` at its accepted events. */
  readonly lastArrival: number;
  /** How many times it was published. */
  readonly published: number;
  readonly seal: Seal | null;
}

export interface Span extends Timed {
  /** First event's `t`. */
  readonly startedAt: number;
  readonly eventCount: number;
  readonly ended: boolean;
  /** The watermark when it last ended; null if it never did, or there was none. */
  readonly endedWatermark: number | null;
}

/** The visits of a session: by start, disjoint in time. */
export interface Spans<V extends Span> {
  readonly count: number;
  /** @param i from 0 to `count` - 1. */
  at(i: number): V;
}
