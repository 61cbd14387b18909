import type { Io } from './io.ts';
import { number } from './words.ts';

/** Work shorter than this, ms, shows nothing; longer work is shown anew this often. */
const LONG = 1_000;
const OFTEN = 250;

/** Shows how far long work is, where a person watches: one line that is overwritten. */
export class ProgressLine {
  readonly #io: Io;
  readonly #what: string;
  readonly #now: () => number;
  readonly #beganAt: number;
  #next: number;
  #shown = false;

  /** @param what is done, in the words of `reading the dead letters` */
  constructor(io: Io, what: string, now: () => number = () => performance.now()) {
    this.#io = io;
    this.#what = what;
    this.#now = now;
    this.#beganAt = now();
    this.#next = this.#beganAt + LONG;
  }

  /** Shows that so much of `total` is done. */
  at(done: number, total: number): void {
    const now = this.#now();
    if (!this.#io.errTerminal || now < this.#next) return;
    this.#next = now + OFTEN;
    this.#shown = true;
    this.#io.err(
      `\r\x1b[K${this.#what}: ${number(done)} of ${number(total)}${timeLeft(done, total, now - this.#beganAt)}`,
    );
  }

  /** Removes the line. It has to be called before anything else is written. */
  end(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}

/** An estimate of the time left, from the pace so far; empty before there is a pace. */
function timeLeft(done: number, total: number, elapsed: number): string {
  if (done <= 0 || done >= total) return '';
  return `, ${roughly((elapsed / done) * (total - done))} left`;
}

/** `about 3 min`: rounded, as the estimate is rough. */
export function roughly(ms: number): string {
  if (ms < 1_500) return 'about 1 s';
  if (ms < 90_000) return `about ${Math.round(ms / 1_000)} s`;
  if (ms < 90 * 60_000) return `about ${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `about ${Math.round(ms / 3_600_000)} h`;
  return `about ${Math.round(ms / 86_400_000)} days`;
}
