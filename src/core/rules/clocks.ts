/**
 * What a record and its events are measured by: steps 1, 2 and 7 of "One record, step by step" in docs/SEMANTICS.md, and
 * "Stamps that are not the broker's". Times in ms since the epoch.
 */
import type { LogRecord } from './event.ts';
import type { Rules } from './rules.ts';

/** The part of a record that decides when it arrived. */
export type Stamp = Pick<LogRecord<unknown>, 'timestamp' | 'stamped'>;

/** Whether the broker did not stamp the record, though it is to: it moves no clock past the broker's own stamps. */
export function isUnstamped(rules: Rules, record: Stamp): boolean {
  return record.stamped === false && rules.appendTime;
}

/**
 * What the rules compare with as a record's timestamp: for one that the broker did not stamp the arrival clock stands in;
 * null: that is not there yet.
 */
export function arrivalOf(rules: Rules, record: Stamp, arrivalClock: number | null): number | null {
  return isUnstamped(rules, record) ? arrivalClock : record.timestamp;
}

/** `future`: the event lies more than the tolerance ahead. @param ahead ms from its record's timestamp to `t`. */
export function isFuture(rules: Rules, ahead: number): boolean {
  return ahead > rules.futureTolerance;
}

/** The event is further behind the watermark than the horizon: no visit of its time is looked up. */
export function isPastHorizon(rules: Rules, t: number, watermark: number): boolean {
  return t < watermark - rules.maxAge;
}

/** `W`, which follows from `E`. */
export function watermarkOf(rules: Rules, eventClock: number): number {
  return eventClock - rules.outOfOrderness;
}
