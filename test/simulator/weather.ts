/** What befalls requests, as it is decided for each by a number in [0, 1). */
import { CALL_FAULTS, type CallFault, type FaultKind, type Plan, READ_FAULTS, type ReadFault } from './plan.ts';
import type { Reached } from './surroundings.ts';

export interface Weather {
  /** Longest that a request, or an answer, is under way, ms. */
  readonly delay: number;
  /** Whether whoever takes over does not see that the owner is still connected. */
  readonly hidesOwners: boolean;
  callFault(part: Reached, chance: number, name: string): CallFault | null;
  readFault(chance: number, name: string): ReadFault | null;
  /** Whether a reader finds its log to be in question. */
  questions(chance: number): boolean;
}

/**
 * Of all requests the same share is refused, and of those that are not, the same share is done and its answer lost.
 * @param delay as above.
 */
export function steady({ share = 0, delay = 0 }: { readonly share?: number; readonly delay?: number }): Weather {
  const callFault = (_: Reached, chance: number) => {
    if (chance < share) return 'refused';
    return chance < share + (1 - share) * share ? 'reply lost' : null;
  };
  return { delay, hidesOwners: false, callFault, readFault: () => null, questions: () => false };
}

/** Faults of requests to the store for one of those to brokers. */
const BROKERS_SHARE = 1.5;

/** Requests that a plan names, or any of them, suffer the faults that it has. */
export class PlannedWeather implements Weather {
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  get delay(): number {
    return this.#plan.delay;
  }

  get hidesOwners(): boolean {
    return this.#plan.faults.has('owner unseen');
  }

  /** A transaction takes a dozen requests to brokers: with as many faults as the store's none would ever be through. */
  callFault(part: Reached, chance: number, name: string): CallFault | null {
    return this.#fault(CALL_FAULTS, part === 'broker' ? chance * BROKERS_SHARE : chance, name);
  }

  readFault(chance: number, name: string): ReadFault | null {
    return this.#fault(READ_FAULTS, chance, name);
  }

  questions(chance: number): boolean {
    return chance < this.#plan.rate / 2;
  }

  #fault<K extends FaultKind>(kinds: readonly K[], chance: number, name: string): K | null {
    const { rate, faults, only } = this.#plan;
    if (chance >= rate) return null;
    const kind = kinds[Math.floor((chance / rate) * kinds.length)]!;
    return faults.has(kind) && (only === null || only.has(name)) ? kind : null;
  }
}
