/**
 * When visits end, and until when they can change: "When a visit ends" in docs/SEMANTICS.md. Times in ms; `watermark` is
 * null until an event is accepted once the arrival clock is there.
 *
 * Invariant: `duePoint` is the rule, and the other two say where it can change, so that timers need not ask it all the
 * time. `watermarkToPass` is the watermark past which `duePoint` takes its first form, and `earliestDue` is never later
 * than `duePoint` with any watermark that the arrival clock allows, because a visit's last arrival is never before its
 * last event. If the first were wrong, a visit would wait for a watermark that brings nothing forward; if the second were
 * later, it would end too late. A change to one is a change to all three, and to the same rule in SQL, `DUE_POINT` of
 * src/inspect/lists.ts.
 */
import type { Rules } from './rules.ts';
import type { Span, Timed } from './span.ts';

/** The visit ends once the arrival clock is past this. */
export function duePoint(rules: Rules, visit: Timed, watermark: number | null): number {
  const soonest = visit.lastArrival + grace(rules, visit);
  if (watermark !== null && watermark > watermarkToPass(rules, visit)) return soonest;
  return soonest + gapOf(rules, visit) + rules.outOfOrderness;
}

/** The watermark past which the visit's end no longer waits for the silence to be long enough. */
export function watermarkToPass(rules: Rules, visit: Timed): number {
  return visit.lastEventAt + gapOf(rules, visit);
}

/**
 * The visit does not end before the arrival clock is past this, wherever the watermark is: the watermark is behind the
 * arrival clock by the out-of-orderness at least.
 */
export function earliestDue(rules: Rules, visit: Timed): number {
  return Math.max(visit.lastArrival + grace(rules, visit), watermarkToPass(rules, visit) + rules.outOfOrderness);
}

/** `g`: the gap, or nothing where the visit is sealed. */
function gapOf(rules: Rules, visit: Timed): number {
  return visit.seal === null ? rules.gap : 0;
}

/** `A` for a visit: doubled with each publication, so that one that is amended often is published ever more rarely. */
function grace(rules: Rules, visit: Timed): number {
  if (visit.published === 0) return rules.arrivalGrace;
  return Math.min(rules.arrivalGrace * 2 ** visit.published, Math.max(rules.gap, rules.arrivalGrace));
}

/**
 * When the end of a visit was decided: the first reading of the arrival clock that is past the due point, and so the same
 * whether the next record brought it or the wall clock stood in for that record.
 */
export function decidedAt(due: number, arrivalClock: number): number {
  return Math.max(arrivalClock, due + 1);
}

/** Once the watermark is past this, an ended visit can change no more. @param watermark as it was when the visit ended. */
export function amendableUntil(rules: Rules, visit: Timed, watermark: number | null): number {
  const ended = visit.lastEventAt + rules.gap;
  return (watermark === null ? ended : Math.max(ended, watermark)) + rules.allowedLateness;
}

export function isFrozen(rules: Rules, visit: Span, watermark: number | null): boolean {
  return visit.ended && watermark !== null && watermark > amendableUntil(rules, visit, visit.endedWatermark);
}
