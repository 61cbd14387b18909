import type { RecordBatch } from '../ports/log.ts';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { Sameness } from './sameness.ts';

/** Longest a partition keeps those that are fetched with it waiting, in ms. */
const PATIENCE = 1_500;
/** The same after it has kept them waiting: a partition that was slow once mostly is for a while. */
const PATIENCE_AFTER = 150;

/**
 * Where one partition is read.
 *
 * Invariant: from one seek to the next, what goes out of a partition is one chain: each batch begins where the one
 * before ended, the first at the offset sought. Nothing of it goes out while the partition is paused, before it is
 * sought, or while the batch before is in work; so it does not matter how many brokers were asked for the same records,
 * as happens when a leader moves, nor which of them answers first.
 */
export class Flow {
  readonly partition: number;
  /** Outlasts this: a member that keeps a partition goes on from what was read. */
  readonly sameness: Sameness;
  readonly #wake: () => void;
  #position: number | null = null;
  #paused = true;
  /** The batch before is still in work, or the position is in doubt. */
  #blocked = false;
  /** A batch is being delivered. */
  #working = false;
  /** Raised whenever an answer that is still under way becomes worthless. */
  #generation = 0;
  #patience = PATIENCE;

  /** @param wake called where there may be something to read from now on. */
  constructor(partition: number, wake: () => void, sameness = new Sameness()) {
    this.partition = partition;
    this.sameness = sameness;
    this.#wake = wake;
  }

  /** Where the next batch has to begin; null before the first seek. */
  get position(): number | null {
    return this.#position;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Whether it is to be read on. */
  get isReady(): boolean {
    return !this.#paused && !this.#blocked && !this.#working && this.#position !== null;
  }

  /** Whether a batch that begins at `from` goes out. */
  expects(from: number): boolean {
    return this.isReady && this.#position === from;
  }

  /** The partition is not ours any more: nothing of it goes out again. */
  end(): void {
    this.#generation += 1;
    this.#position = null;
  }

  /** @param anew what is read next is compared with what was folded, or nothing was. */
  seek(offset: number, anew = false): void {
    if (anew) this.sameness.begin();
    this.#generation += 1;
    this.#position = offset;
    this.#blocked = false;
    this.#working = false;
    this.#wake();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** Stops reading; goes on from `next` when the function that is returned is called, unless sought meanwhile. */
  block(): (next: number) => void {
    const generation = this.#generation;
    this.#blocked = true;
    return (next) => {
      if (this.#generation !== generation) return;
      this.#blocked = false;
      this.#position = next;
      this.#wake();
    };
  }

  /** Nothing that counts lay from `from` up to `next`. True if that moves the position. */
  moved(from: number, next: number): boolean {
    if (!this.expects(from)) return false;
    this.#position = next;
    return true;
  }

  /**
   * Gives a batch out and waits until it is taken, as long as patience lasts; then the partition is blocked and goes on
   * by itself once the batch is taken. True if it was taken in time: the partition is read on.
   *
   * @param onBatch resolves to false where the batch was refused: the partition stays blocked until it is sought.
   */
  async deliver(
    batch: RecordBatch,
    onBatch: (batch: RecordBatch) => Promise<boolean>,
    closing: AbortSignal,
  ): Promise<boolean> {
    if (!this.expects(batch.from)) return false;
    const generation = this.#generation;
    this.#working = true;
    const taken = onBatch(batch);
    const outcome = closing.aborted ? null : await within(wallClock, this.#patience, taken, () => null, closing);
    if (this.#generation !== generation) return false;
    this.#working = false;
    if (outcome === null) {
      this.#patience = PATIENCE_AFTER;
      const goOn = this.block();
      taken.then((yes) => yes && goOn(batch.next));
      return false;
    }
    if (!outcome) {
      this.block();
      return false;
    }
    this.#patience = PATIENCE;
    this.#position = batch.next;
    return true;
  }
}
