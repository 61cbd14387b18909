import type { Clock } from '../time/clock.ts';

/** Most records between two looks at the clock: a look takes 0.1 µs, one hundredth of what folding takes. */
const MOST = 16;
/** A record that takes longer than this is slow, ms: the clock is looked at after each. */
const SLOW = 0.25;

/** Bounds how long work that goes on record by record keeps others from their turn. */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #longest: number;
  #since: number;
  #looked: number;
  /** Records from one look to the next, and those that are left of them. */
  #pace = 1;
  #left = 1;

  /** @param longest ms; slow records that follow quick ones may add sixteen times what one takes. */
  constructor(clock: Clock, longest: number) {
    this.#clock = clock;
    this.#longest = longest;
    this.#since = clock.elapsed();
    this.#looked = this.#since;
  }

  /** A record is done. @returns whether others should have their turn. */
  recordDone(): boolean {
    this.#left -= 1;
    return this.#left === 0 && this.#look();
  }

  /** Others had their turn. */
  yielded(): void {
    this.#since = this.#clock.elapsed();
    this.#looked = this.#since;
  }

  #look(): boolean {
    const now = this.#clock.elapsed();
    this.#pace = now - this.#looked > SLOW * this.#pace ? 1 : Math.min(this.#pace * 2, MOST);
    this.#left = this.#pace;
    this.#looked = now;
    return now - this.#since >= this.#longest;
  }
}
