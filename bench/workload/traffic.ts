/**
 * The workload's model: visits begin as a Poisson process over the simulated span, with exponential pauses below the
 * gap; one visit in five is a session that comes back after more than the gap; one event in twenty comes late.
 *
 * Invariant: every visit that is drawn is one visit in the answer, with no revision but the first. A pause within a visit
 * is below the gap, a return comes after twice the gap, and lateness stays below the out-of-orderness. If that
 * did not hold, no run could be checked.
 */
import { Answering } from './answer.ts';
import { TimeHeap } from './heap.ts';
import { Random } from './random.ts';
import { LATE_ONE_IN, meanPause, meanStep, RETURNING_ONE_IN, type Shape } from './shape.ts';
import { Slots } from './slots.ts';

/** Sessions that are kept to come back, at most; the oldest comes first. */
const WAITING = 100_000;

interface Waiting {
  readonly session: number;
  readonly index: number;
  readonly ended: number;
}

/** Events in the order in which they arrive; times in ms since the shape's start. */
export class Traffic {
  // The event that `next` went to: one object for all of them.
  arrival = 0;
  occurred = 0;
  session = 0;
  index = 0;
  /** The right answer for all that was drawn: complete once `next` returns false. */
  readonly answer: Answering;

  readonly #shape: Shape;
  readonly #random: Random;
  readonly #step: number;
  readonly #pause: number;
  readonly #due = new TimeHeap();
  readonly #slots = new Slots();
  #waiting: Waiting[] = [];
  #waitingFrom = 0;
  #planned = 0;
  #nextVisit = 0;
  #sessions = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
    this.#random = new Random(shape.seed);
    this.#step = meanStep(shape);
    this.#pause = meanPause(shape);
    this.answer = new Answering();
    this.#drawPause();
  }

  /** Sessions so far. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Goes to the event that arrives next. @returns false where there is none. */
  next(): boolean {
    for (;;) {
      if (this.#planned < this.#shape.events && this.#nextVisit <= this.#due.next) {
        this.#begin();
        continue;
      }
      const time = this.#due.next;
      const slot = this.#due.pop();
      if (slot < 0) return false;
      if (this.#arrives(slot, time)) return true;
    }
  }

  #begin(): void {
    const random = this.#random;
    const { events, perVisit, lengths } = this.#shape;
    const now = this.#nextVisit;
    const wanted = lengths === 'same' ? perVisit : random.geometric(perVisit);
    const left = Math.min(wanted, events - this.#planned);
    this.#planned += left;
    const { session, index } = this.#comesBack(now) ?? { session: this.#sessions++, index: 0 };
    this.answer.begins(session, left, now);
    this.#due.push(now, this.#slots.add(session, index, left, now));
    this.#drawPause();
  }

  /** @returns false where the event that was due now is late, and comes another time. */
  #arrives(slot: number, now: number): boolean {
    const slots = this.#slots;
    const session = slots.session[slot]!;
    const index = slots.index[slot]!;
    const left = slots.left[slot]!;
    const occurred = slots.occurred[slot]!;
    const random = this.#random;
    if (left > 1) {
      const next = now + Math.min(this.#shape.pace.longestStep, 1 + Math.floor(random.exponential(this.#step)));
      slots.index[slot] = index + 1;
      slots.left[slot] = left - 1;
      slots.occurred[slot] = next;
      this.#due.push(next, slot);
    } else {
      slots.release(slot);
      if (left === 1) this.#ends(session, index + 1, now);
    }
    if (left > 0 && random.below(LATE_ONE_IN) === 0) {
      this.#due.push(now + random.below(this.#shape.pace.lateBy), slots.add(session, index, 0, now));
      return false;
    }
    this.arrival = now;
    this.occurred = occurred;
    this.session = session;
    this.index = index;
    return true;
  }

  #ends(session: number, index: number, ended: number): void {
    this.answer.ends(ended);
    if (this.#waiting.length - this.#waitingFrom < WAITING) this.#waiting.push({ session, index, ended });
  }

  #comesBack(now: number): Waiting | null {
    const first = this.#waiting[this.#waitingFrom];
    if (
      this.#random.below(RETURNING_ONE_IN) > 0 ||
      first === undefined ||
      first.ended + 2 * this.#shape.pace.gap >= now
    )
      return null;
    this.#waitingFrom += 1;
    if (this.#waitingFrom > WAITING) {
      this.#waiting = this.#waiting.slice(this.#waitingFrom);
      this.#waitingFrom = 0;
    }
    return first;
  }

  #drawPause(): void {
    this.#nextVisit += Math.max(1, Math.floor(this.#random.exponential(this.#pause)));
  }
}
