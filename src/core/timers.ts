import { VisitHeap } from './memory/heap.ts';
import type { Visit } from './memory/visit.ts';
import { duePoint, earliestDue, watermarkToPass } from './rules/ending.ts';
import type { Rules } from './rules/rules.ts';

/**
 * Which open visits are due, in order of due points, without a scan of all that are open.
 *
 * Until the arrival clock is past a visit's earliest due point nothing can make it due, and it stands in `early` only: in
 * steady traffic most visits do, for most of their time. Then it moves to `due` under its due point, which the watermark
 * may bring forward. The three functions of rules/ending.ts that this relies on must agree: see there.
 *
 * Invariant: an open visit stands either in `early` under a key no later than its earliest due point; or in `due` under a
 * key no later than its due point and, unless that key is no later than the soonest it can be, in `waiting` under a key no
 * later than the watermark that brings it forward. `visit.dueKey` and `visit.watermarkKey` name the valid entries; all
 * others are stale and are dropped when they come up. A stale one under the same key does as well. If an entry were
 * missing or too late, the visit would end too late, or never.
 */
export class Timers {
  private readonly rules: Rules;
  private readonly early = new VisitHeap();
  private readonly due = new VisitHeap();
  private readonly waiting = new VisitHeap();

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** To be called whenever an open visit has changed. */
  schedule(visit: Visit): void {
    const earliest = earliestDue(this.rules, visit);
    if (earliest < visit.dueKey) {
      visit.dueKey = earliest;
      visit.watermarkKey = EARLY;
      this.early.push(earliest, visit);
      return;
    }
    if (visit.watermarkKey === NOT_WAITING) return;
    const toPass = watermarkToPass(this.rules, visit);
    if (toPass < visit.watermarkKey) this.wait(visit, toPass);
  }

  /** No visit is due before this, in ms, unless the watermark moves; Infinity if none is open. */
  get nextKey(): number {
    return Math.min(this.early.nextKey, this.due.nextKey);
  }

  /** Whether `next` may give a visit: false is certain. */
  mayHaveDue(clock: number, watermark: number | null): boolean {
    return (
      this.early.startsBefore(clock) ||
      this.due.startsBefore(clock) ||
      (watermark !== null && this.waiting.startsBefore(watermark))
    );
  }

  /** The visit has ended, or was merged away. */
  cancel(visit: Visit): void {
    visit.dueKey = Number.POSITIVE_INFINITY;
    visit.watermarkKey = NOT_WAITING;
  }

  /**
   * The first visit, in order of due points, then of opening, that `clock` (ms) is past. It is taken out: end it and
   * cancel it before asking again.
   * @param clock no earlier than the arrival clock.
   */
  next(clock: number, watermark: number | null): { readonly visit: Visit; readonly due: number } | null {
    for (;;) {
      this.leaveEarly(clock, watermark);
      this.bringForward(watermark);
      if (!this.due.startsBefore(clock)) return null;
      const key = this.due.nextKey;
      const visit = this.due.pop();
      if (visit.dueKey !== key) continue;
      const due = duePoint(this.rules, visit, watermark);
      if (due <= key) {
        visit.dueKey = due;
        return { visit, due };
      }
      // More events came, so that the watermark may have to pass more.
      this.cancel(visit);
      this.schedule(visit);
    }
  }

  /** Moves visits that may be due from `early` to `due`. */
  private leaveEarly(clock: number, watermark: number | null): void {
    const { rules, early } = this;
    while (early.startsBefore(clock)) {
      const key = early.nextKey;
      const visit = early.first!;
      if (visit.dueKey !== key) {
        early.pop();
        continue;
      }
      const earliest = earliestDue(rules, visit);
      if (earliest > key) {
        visit.dueKey = earliest;
        visit.watermarkKey = EARLY;
        early.replaceFirst(earliest);
        continue;
      }
      early.pop();
      visit.dueKey = duePoint(rules, visit, watermark);
      visit.watermarkKey = NOT_WAITING;
      this.due.push(visit.dueKey, visit);
      const toPass = watermarkToPass(rules, visit);
      if (watermark === null || watermark <= toPass) this.wait(visit, toPass);
    }
  }

  private bringForward(watermark: number | null): void {
    if (watermark === null) return;
    const { rules, waiting } = this;
    while (waiting.startsBefore(watermark)) {
      const key = waiting.nextKey;
      const visit = waiting.first!;
      const toPass = watermarkToPass(rules, visit);
      if (visit.watermarkKey !== key) {
        waiting.pop();
      } else if (watermark <= toPass) {
        visit.watermarkKey = toPass;
        waiting.replaceFirst(toPass);
      } else {
        waiting.pop();
        visit.watermarkKey = NOT_WAITING;
        const due = duePoint(rules, visit, watermark);
        if (due < visit.dueKey) {
          visit.dueKey = due;
          this.due.push(due, visit);
        }
      }
    }
  }

  private wait(visit: Visit, toPass: number): void {
    visit.watermarkKey = toPass;
    this.waiting.push(toPass, visit);
  }
}

/** In place of a key in `waiting`: the visit stands in `early`, or waits for no watermark. */
const EARLY = Number.NEGATIVE_INFINITY;
const NOT_WAITING = Number.POSITIVE_INFINITY;
