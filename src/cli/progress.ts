import type { Io } from './io.ts';
import { number } from './words.ts';

/** Before this, in ms, work is not long, and nothing is shown; then this often. */
const LONG = 1_000;
const OFTEN = 250;

/** How far long work is: one line that is written over, where a person watches; else nothing. */
export class Progress {
  readonly #io: Io;
  readonly #what: string;
  readonly #now: () => number;
  readonly #begun: number;
  #next: number;
  #shown = false;

  /** @param what is done, in the words of `reading the dead letters` */
  constructor(io: Io, what: string, now: () => number = () => performance.now()) {
    this.#io = io;
    this.#what = what;
    this.#now = now;
    this.#begun = now();
    this.#next = this.#begun + LONG;
  }

  /** @param done how much, of `total` */
  at(done: number, total: number): void {
    const now = this.#now();
    if (!this.#io.errTerminal || now < this.#next) return;
    this.#next = now + OFTEN;
    this.#shown = true;
    this.#io.err(`\r\x1b[K${this.#what}: ${number(done)} of ${number(total)}${left(done, total, now - this.#begun)}`);
  }

  /** To be called before anything else is written. */
  end(): void {
    if (this.#shown) this.#io.err('\r\x1b[K');
    this.#shown = false;
  }
}

/** An estimate by how it went so far; none before there is something to go by. */
function left(done: number, total: number, elapsed: number): string {
  if (done <= 0 || done >= total) return '';
  return `, ${about((elapsed / done) * (total - done))} left`;
}

/** `about 3 min`: no finer than an estimate is. */
export function about(ms: number): string {
  if (ms < 1_500) return 'about 1 s';
  if (ms < 90_000) return `about ${Math.round(ms / 1_000)} s`;
  if (ms < 90 * 60_000) return `about ${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `about ${Math.round(ms / 3_600_000)} h`;
  return `about ${Math.round(ms / 86_400_000)} days`;
}
