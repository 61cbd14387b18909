import { duePoint, watermarkToPass } from './ending.ts';
import { VisitHeap } from './heap.ts';
import type { Rules } from './rules.ts';
import type { Visit } from './visit.ts';

/**
 * Which open visits are due, in order of due points, without a scan of all that are open.
 *
 * Invariant: an open visit stands in `due` under a key no later than its due point, and in `waiting` under a key no
 * later than the watermark that brings its due point forward, unless that watermark has been reached. `visit.dueKey`
 * and `visit.watermarkKey` name the entries that count; all others are left over and are dropped when they come up.
 * If an entry were missing or too late, the visit would end too late, or never.
 */
export class Timers {
  private readonly rules: Rules;
  private readonly due = new VisitHeap();
  private readonly waiting = new VisitHeap();

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** To be called whenever an open visit has changed. */
  schedule(visit: Visit, watermark: number | null): void {
    const due = duePoint(this.rules, visit, watermark);
    if (due < visit.dueKey) {
      visit.dueKey = due;
      this.due.push(due, visit);
    }
    const toPass = watermarkToPass(this.rules, visit);
    if (toPass < visit.watermarkKey) {
      visit.watermarkKey = toPass;
      this.waiting.push(toPass, visit);
    }
  }

  /** No visit is due before this, in ms, unless the watermark moves; Infinity if none is open. */
  get nextKey(): number {
    return this.due.nextKey;
  }

  /** Whether `next` may give a visit: false is certain. */
  mayHaveDue(clock: number, watermark: number | null): boolean {
    return this.due.startsBefore(clock) || (watermark !== null && this.waiting.startsBefore(watermark));
  }

  /** The visit has ended, or was merged away. */
  cancel(visit: Visit): void {
    visit.dueKey = Number.POSITIVE_INFINITY;
    visit.watermarkKey = Number.POSITIVE_INFINITY;
  }

  /**
   * The first visit, in order of due points, then of opening, that `clock` (ms) is past. It still stands here: end it
   * and cancel it before asking again.
   */
  next(clock: number, watermark: number | null): { readonly visit: Visit; readonly due: number } | null {
    this.bringForward(watermark);
    while (this.due.startsBefore(clock)) {
      const key = this.due.nextKey;
      const visit = this.due.first!;
      if (visit.dueKey !== key) {
        this.due.pop();
        continue;
      }
      const due = duePoint(this.rules, visit, watermark);
      visit.dueKey = due;
      if (due <= key) return { visit: this.due.pop(), due };
      this.due.replaceFirst(due);
    }
    return null;
  }

  private bringForward(watermark: number | null): void {
    if (watermark === null) return;
    while (this.waiting.startsBefore(watermark)) {
      const key = this.waiting.nextKey;
      const visit = this.waiting.first!;
      if (visit.watermarkKey !== key) {
        this.waiting.pop();
        continue;
      }
      const toPass = watermarkToPass(this.rules, visit);
      if (watermark > toPass) {
        this.waiting.pop();
        visit.watermarkKey = Number.POSITIVE_INFINITY;
        const due = duePoint(this.rules, visit, watermark);
        if (due < visit.dueKey) {
          visit.dueKey = due;
          this.due.push(due, visit);
        }
      } else {
        visit.watermarkKey = toPass;
        this.waiting.replaceFirst(toPass);
      }
    }
  }
}
