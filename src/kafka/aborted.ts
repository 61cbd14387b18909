/**
 * Invariant: of what a fetch brings, exactly the batches of aborted transactions are left out. KafkaJS's own filter
 * lets some through: where two aborted transactions were open before the fetch's first record, where the broker's list
 * is not in order, and after a record whose key is four zero bytes. An aborted resend that counts breaks exactly-once
 * for all that read behind it.
 */

/** A transaction that was aborted, as a broker lists it. Producer ids are given out from 0 on: numbers hold them. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/** Type of the control record that ends an aborted transaction, in bytes 2 and 3 of its key. */
const ABORT = 0;

/** Finds which batches of a partition belong to aborted transactions. Ask in order of offset: each answer moves on. */
export class Aborted {
  readonly #ahead: readonly AbortedTransaction[];
  readonly #open = new Set<number>();
  #at = 0;

  /** @param listed in any order. */
  constructor(listed: readonly AbortedTransaction[]) {
    this.#ahead = listed.length < 2 ? listed : [...listed].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /**
   * @param last offset of the last record of a transaction's batch: a batch belongs to one transaction as a whole.
   * @returns whether that transaction was aborted.
   */
  advanceTo(producerId: number, last: number): boolean {
    this.#reach(last);
    return this.#open.has(producerId);
  }

  /** A control record of this producer stands at `offset`. */
  marker(producerId: number, offset: number, key: Buffer | null): void {
    this.#reach(offset);
    if (endsAborted(key)) this.#open.delete(producerId);
  }

  #reach(offset: number): void {
    for (; this.#at < this.#ahead.length; this.#at += 1) {
      const { producerId, firstOffset } = this.#ahead[this.#at]!;
      if (firstOffset > offset) return;
      this.#open.add(producerId);
    }
  }
}

/** Whether the control record of this key ends an aborted transaction. */
export function endsAborted(key: Buffer | null): boolean {
  return key !== null && key.length >= 4 && key.readInt16BE(2) === ABORT;
}
