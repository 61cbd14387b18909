/**
 * Whether what is read of a partition goes on from what was read before, as far as the broker knows.
 *
 * Invariant: a batch that was appended under another leader than the one read before it is held back until the record
 * folded last was read back, and so is whatever comes once the broker has questioned the position. Under a new leader
 * the log may have been cut short and filled past the position since; that costs one record read again for each leader.
 */
export class Sameness {
  /** Epoch of the leader under which the batch read last was appended; null: nothing was read, or it has none. */
  #epoch: number | null = null;
  /** Highest epoch that was asked for already. */
  #asked = -1;
  #questioned = false;

  /** The next batch has to be compared first, whatever it is. */
  question(): void {
    this.#questioned = true;
  }

  /** What is read next is compared with what was folded, or nothing was: it is taken as it is. */
  begin(): void {
    this.#epoch = null;
    this.#questioned = false;
  }

  /**
   * A batch comes that begins with this leader's epoch. @returns whether it has to wait: then all does until it is
   * answered.
   */
  examine(epoch: number | null): boolean {
    const before = this.#epoch;
    const isAnother = epoch !== null && before !== null && epoch !== before;
    const wasAsked = before !== null && epoch !== null && epoch > before && epoch <= this.#asked;
    if (!this.#questioned && (!isAnother || wasAsked)) return false;
    this.#asked = epoch ?? this.#asked;
    // It stays in question until it is answered, also where the partition is sought meanwhile.
    this.#questioned = true;
    return true;
  }

  /** A batch went out that ends with this leader's epoch. */
  read(epoch: number | null): void {
    if (epoch !== null) this.#epoch = epoch;
  }
}
