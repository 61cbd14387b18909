import type { Visit } from '../memory/visit.ts';
import type { Rules } from './rules.ts';

/** When visits end, and until when they can change. Times in ms; `watermark` is null until an event is accepted once the arrival clock is there. */

/** What of a visit says when it ends. */
export type Timed = Pick<Visit, 'lastEventAt' | 'lastArrival' | 'published' | 'seal'>;

/** `A` for a visit: doubled with each publication, so that one that is amended often is published ever more rarely. */
function grace(rules: Rules, visit: Timed): number {
  if (visit.published === 0) return rules.arrivalGrace;
  return Math.min(rules.arrivalGrace * 2 ** visit.published, Math.max(rules.gap, rules.arrivalGrace));
}

/** The watermark past which the visit's end no longer waits for the silence to be long enough. */
export function watermarkToPass(rules: Rules, visit: Timed): number {
  return visit.lastEventAt + (visit.seal === null ? rules.gap : 0);
}

/** The visit ends once the arrival clock is past this. */
export function duePoint(rules: Rules, visit: Timed, watermark: number | null): number {
  const soonest = visit.lastArrival + grace(rules, visit);
  if (watermark !== null && watermark > watermarkToPass(rules, visit)) return soonest;
  return soonest + (visit.seal === null ? rules.gap : 0) + rules.outOfOrderness;
}

/**
 * The visit does not end before the arrival clock is past this, wherever the watermark is: that one is behind the arrival
 * clock by the out-of-orderness at least.
 */
export function earliestDue(rules: Rules, visit: Timed): number {
  return Math.max(visit.lastArrival + grace(rules, visit), watermarkToPass(rules, visit) + rules.outOfOrderness);
}

/** Once the watermark is past this, an ended visit can change no more. */
export function amendableUntil(rules: Rules, visit: Visit, watermark: number | null): number {
  const ended = visit.lastEventAt + rules.gap;
  return (watermark === null ? ended : Math.max(ended, watermark)) + rules.allowedLateness;
}

export function isFrozen(rules: Rules, visit: Visit, watermark: number | null): boolean {
  return visit.ended && watermark !== null && watermark > amendableUntil(rules, visit, visit.endedWatermark);
}
