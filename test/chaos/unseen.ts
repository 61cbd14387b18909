/** A partition that has stood still for so long has to be seen, ms. */
export const SEEN_WITHIN = 30_000;
/** A light that was lit so short a time ago still counts: operators do not look all the time, ms. */
const RECENT = 5_000;

/** Finds the partitions that stand still while every light is green. */
export class Unseen {
  #litAt: number;
  /** Those that were reported in the standstill that goes on. */
  #told = new Set<number>();

  /** @param now ms since the epoch */
  constructor(now: number) {
    this.#litAt = now;
  }

  /**
   * @param standing partitions that have stood still for `SEEN_WITHIN`
   * @param isLit whether any light shows that something is wrong
   * @param now ms since the epoch
   * @returns those that no light showed, each once in a standstill
   */
  look(standing: readonly number[], isLit: boolean, now: number): number[] {
    if (isLit) this.#litAt = now;
    this.#told = new Set(standing.filter((partition) => this.#told.has(partition)));
    if (now - this.#litAt <= RECENT) return [];
    const found = standing.filter((partition) => !this.#told.has(partition));
    for (const partition of found) this.#told.add(partition);
    return found;
  }
}
