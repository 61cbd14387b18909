import type { Clock } from '../../time/clock.ts';
import { Backoff } from '../../time/waiting.ts';
import { type BrokerRequests, type Brokers, refusal } from './brokers.ts';

/**
 * Waits between tries, ms. Straight after a commit the broker still ends the transaction, and refuses the next for some
 * ms (measured: 277 ms a transaction with a first wait of 300, 10 with one of 10). The longest is what a new leader
 * waits for, once it is there.
 */
const WAITS = { first: 10, longest: 500 };

/** The right broker was asked, and will do it in a moment. */
const STAYS: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'UNSTABLE_OFFSET_COMMIT',
]);

export interface Question<T> {
  /** For errors: `commit transaction tidemark.tracks.0`. */
  readonly what: string;
  /** The broker to ask; @throws while there is none. */
  readonly whom: () => Promise<BrokerRequests>;
  readonly ask: (broker: BrokerRequests) => Promise<T>;
  /** Answers after which it is asked again. */
  readonly again: ReadonlySet<string>;
  /**
   * Whether it may be asked again where no answer came: only if asking twice is the same as once, however late the
   * first one is done.
   */
  readonly twice: boolean;
}

/** Asks brokers until one answers. */
export class Asking {
  readonly #brokers: Brokers;
  readonly #clock: Clock;
  readonly #patience: number;
  #stopped: Error | null = null;

  /** @param patience how long one question is tried, ms; then its caller has to begin anew. */
  constructor(brokers: Brokers, clock: Clock, patience: number) {
    this.#brokers = brokers;
    this.#clock = clock;
    this.#patience = patience;
  }

  /** Nothing is asked from now on; what is under way fails with this error once it is answered. */
  stop(error: Error): void {
    this.#stopped ??= error;
  }

  /** @throws the broker's refusal, or the last error when patience is over; `cause` has it. */
  async until<T>({ what, whom, ask, again, twice }: Question<T>): Promise<T> {
    const end = this.#clock.elapsed() + this.#patience;
    const waits = new Backoff(WAITS);
    for (;;) {
      const wait = waits.next();
      this.#mustGoOn();
      let asked = false;
      try {
        const broker = await whom();
        this.#mustGoOn();
        asked = true;
        return await ask(broker);
      } catch (error) {
        this.#mustGoOn();
        const refused = refusal(error);
        const goOn = refused === null ? !asked || twice : again.has(refused);
        if (!goOn || this.#clock.elapsed() + wait >= end) throw failed(what, error);
        if (refused === null || !STAYS.has(refused)) this.#brokers.forget();
      }
      await this.#clock.sleep(wait);
    }
  }

  #mustGoOn(): void {
    if (this.#stopped !== null) throw this.#stopped;
  }
}

/** Keeps the broker's `type`, which distinguishes kinds of errors. */
function failed(what: string, error: unknown): Error {
  const { message, type } = error as { readonly message: string; readonly type?: string };
  const all = new Error(`could not ${what}: ${message}`, { cause: error });
  return type === undefined ? all : Object.assign(all, { type });
}
