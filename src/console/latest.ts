import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';

export interface LastKnown<T> {
  /** null: it was never read. */
  readonly value: T | null;
  /** When it was read, ms since the epoch. */
  readonly at: number | null;
  /** Why the last read failed; null: it did not. */
  readonly error: string | null;
}

export interface LatestOptions {
  /** Shortest time between two reads, ms. */
  readonly every: number;
  /** Longest that a caller waits for a read, ms; then it gets what is known. */
  readonly patience: number;
  readonly now?: () => number;
}

/** The share of the time that reads may take. */
const SHARE = 1 / 20;
/** Longest time between two reads, ms: people have to see that a source works again. */
const LONGEST = 15_000;

/**
 * One value for all pages that show it.
 *
 * Invariant: at most one read is under way, none begins unless a page asks, and the reads together take no more than a
 * twentieth of the time or, if that is more, one begins every 15 seconds. The source is asked no more than that, however many
 * pages are open and however slow it is: otherwise people who open the console because Postgres is slow would make it
 * slower.
 */
export class Latest<T> {
  private readonly read: () => Promise<T>;
  private readonly options: Required<LatestOptions>;
  private known: LastKnown<T> = { value: null, at: null, error: null };
  private reading: Promise<void> | null = null;
  private next = Number.NEGATIVE_INFINITY;

  constructor(read: () => Promise<T>, options: LatestOptions) {
    this.read = read;
    this.options = { now: Date.now, ...options };
  }

  /** Does not throw: an error comes with the value that was known before. */
  async get(): Promise<LastKnown<T>> {
    const { now, patience } = this.options;
    if (this.reading === null && now() >= this.next) this.reading = this.refresh();
    if (this.reading !== null) await within(wallClock, patience, this.reading);
    return this.known;
  }

  private async refresh(): Promise<void> {
    const { now, every } = this.options;
    const beganAt = now();
    try {
      this.known = { value: await this.read(), at: beganAt, error: null };
    } catch (error) {
      this.known = { ...this.known, error: (error as Error).message || String(error) };
    } finally {
      const took = now() - beganAt;
      this.next = beganAt + Math.max(every, took, Math.min(took / SHARE, LONGEST));
      this.reading = null;
    }
  }
}
