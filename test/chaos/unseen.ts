/** How long a partition may stand still while every light is green, ms. */
export const SEEN_WITHIN = 30_000;

/** Longest time between two looks that counts, ms: after a longer one the whole machine stood still, and nobody could look. */
const LOOKED = 5_000;

/** The standstill of one partition. */
interface Standstill {
  /** When the partition last went on, ms since the epoch. */
  readonly since: number;
  /** How long of it every light was green, ms. */
  green: number;
  told: boolean;
}

/** Finds the partitions that stand still while every light is green. A light that blinks does not start the count anew. */
export class Unseen {
  #before: number;
  #wasLit = false;
  #standstills: Standstill[] = [];

  /** @param now ms since the epoch */
  constructor(now: number) {
    this.#before = now;
  }

  /**
   * @param standingSince since when each partition has stood still: when it last went on, ms since the epoch
   * @param isLit whether any light says that something is wrong
   * @param now ms since the epoch
   * @returns partitions that nobody could see for `SEEN_WITHIN`, each once in a standstill
   */
  look(standingSince: readonly number[], isLit: boolean, now: number): number[] {
    const before = this.#before;
    const isGreen = !isLit && !this.#wasLit && now - before <= LOOKED;
    this.#standstills = standingSince.map((since, partition) => {
      const was = this.#standstills[partition];
      const standstill = was?.since === since ? was : { since, green: 0, told: false };
      if (isGreen) standstill.green += Math.max(0, now - Math.max(before, since));
      return standstill;
    });
    this.#before = now;
    this.#wasLit = isLit;
    return this.#standstills.flatMap((standstill, partition) => {
      if (standstill.told || standstill.green < SEEN_WITHIN) return [];
      standstill.told = true;
      return [partition];
    });
  }
}
