import type { RecordBatch } from '../processor/ports.ts';

/** Longest a partition keeps those that are fetched with it waiting, in ms. */
const PATIENCE = 1_500;
/** The same after it has kept them waiting: whoever was slow once mostly is for a while. */
const PATIENCE_AFTER = 150;
/** How often a heartbeat is due while a listener takes its time, in ms. */
const BEAT = 500;

/** What a flow asks of the consumer. */
export interface Reader {
  seek(partition: number, offset: number): void;
  pause(partition: number): void;
  resume(partition: number): void;
}

/**
 * Invariant: from one seek to the next, what goes out of a partition is one chain: each batch begins where the one
 * before ended, the first at the offset sought. Nothing of it goes out while the partition is paused, before it is
 * sought, or while the batch before is in work. KafkaJS alone does not keep this: its seeks take effect with the next
 * fetch, and what other brokers' fetches bring after a change of leaders may come from an old position.
 */
export class Flow {
  readonly partition: number;
  readonly #reader: Reader;
  #position: number | null = null;
  #paused = true;
  /** The batch before is still in work, or the position is in doubt. */
  #blocked = false;
  /** Raised by whatever makes an answer that is still under way worthless. */
  #generation = 0;
  #patience = PATIENCE;

  constructor(partition: number, reader: Reader) {
    this.partition = partition;
    this.#reader = reader;
    reader.pause(partition);
  }

  /** Where the next batch has to begin; null before the first seek. */
  get position(): number | null {
    return this.#position;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Whether a batch that begins at `from` goes out. */
  expects(from: number): boolean {
    return !this.#paused && !this.#blocked && this.#position === from;
  }

  /** The partition is not ours any more: nothing of it goes out again. */
  end(): void {
    this.#generation += 1;
    this.#position = null;
  }

  seek(offset: number): void {
    this.#generation += 1;
    this.#position = offset;
    this.#blocked = false;
    this.#reader.seek(this.partition, offset);
    if (!this.#paused) this.#reader.resume(this.partition);
  }

  pause(): void {
    this.#paused = true;
    this.#reader.pause(this.partition);
  }

  resume(): void {
    this.#paused = false;
    if (!this.#blocked) this.#reader.resume(this.partition);
  }

  /** The consumer's position is not ours: sets it right. */
  correct(): void {
    if (this.#position !== null && !this.#blocked) this.#reader.seek(this.partition, this.#position);
  }

  /** Stops reading; goes on from `next` when the function that is returned is called, unless sought meanwhile. */
  block(): (next: number) => void {
    const generation = this.#generation;
    this.#blocked = true;
    this.#reader.pause(this.partition);
    return (next) => {
      if (this.#generation !== generation) return;
      this.#blocked = false;
      this.#position = next;
      this.#reader.seek(this.partition, next);
      if (!this.#paused) this.#reader.resume(this.partition);
    };
  }

  /** Nothing that counts lay from `from` up to `next`. True if that moves the position. */
  moved(from: number, next: number): boolean {
    if (this.#blocked || this.#position !== from) return false;
    this.#position = next;
    return true;
  }

  /**
   * Gives a batch out and waits until it is taken, as long as patience lasts; then the partition is blocked and goes on
   * by itself once the batch is taken. True if the consumer is to read on behind the batch.
   *
   * @param give resolves to false where the batch was refused: the partition stays blocked until it is sought.
   * @throws what `beat` throws; the partition is blocked as if patience had run out.
   */
  async deliver(
    batch: RecordBatch,
    give: (batch: RecordBatch) => Promise<boolean>,
    beat: () => Promise<void>,
    closing: AbortSignal,
  ): Promise<boolean> {
    if (!this.expects(batch.from)) return false;
    const generation = this.#generation;
    const taken = give(batch);
    let outcome: boolean | null = null;
    try {
      outcome = await this.#wait(taken, beat, closing);
    } finally {
      if (outcome === null && this.#generation === generation) {
        this.#patience = PATIENCE_AFTER;
        const goOn = this.block();
        taken.then((yes) => yes && goOn(batch.next));
      }
    }
    if (outcome === null || this.#generation !== generation) return false;
    if (!outcome) {
      this.block();
      return false;
    }
    this.#patience = PATIENCE;
    this.#position = batch.next;
    return true;
  }

  /** What `taken` gives, or null if patience runs out first or the reader is closing. */
  async #wait(taken: Promise<boolean>, beat: () => Promise<void>, closing: AbortSignal): Promise<boolean | null> {
    for (let left = this.#patience; left > 0 && !closing.aborted; left -= BEAT) {
      const outcome = await first(Math.min(left, BEAT), taken, closing);
      if (outcome !== null) return outcome;
      if (!closing.aborted) await beat();
    }
    return null;
  }
}

/** What `taken` gives, or null after `ms` or when the reader closes. Leaves nothing behind at the signal. */
function first(ms: number, taken: Promise<boolean>, closing: AbortSignal): Promise<boolean | null> {
  return new Promise((resolve) => {
    const settle = (outcome: boolean | null) => {
      clearTimeout(timer);
      closing.removeEventListener('abort', giveUp);
      resolve(outcome);
    };
    const giveUp = () => settle(null);
    const timer = setTimeout(giveUp, ms);
    closing.addEventListener('abort', giveUp);
    taken.then(settle);
  });
}
