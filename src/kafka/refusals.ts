import { remedy } from './fatal.ts';

/** How long what waiting does not help is tried again, ms: rights arrive late on a broker, and so do topics. */
const LASTING = 10_000;

/** Errors that waiting does not help, until they have lasted. */
export class Refusals {
  readonly #now: () => number;
  #since: number | null = null;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What to do about it, where there is nothing left but that; null: it is to be tried again. */
  failed(error: unknown): string | null {
    const help = remedy(error);
    if (help === null) {
      this.#since = null;
      return null;
    }
    const now = this.#now();
    this.#since ??= now;
    return now - this.#since >= LASTING ? help : null;
  }

  over(): void {
    this.#since = null;
  }
}
