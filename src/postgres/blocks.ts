import { ByteWriter } from './bytes.ts';

/**
 * Buffers that commits are encoded into, and that are used again. New ones for each commit cost more than the encoding:
 * their memory outside the heap makes V8 collect all of the heap, 0.2 s each time with 50,000 visits in memory.
 */
export class Blocks {
  readonly #free: Buffer[] = [];
  /** Number of buffers that were never needed since the last release. */
  #spare = 0;
  readonly #idle: number;
  #timer: NodeJS.Timeout | null = null;

  /** @param idle ms without a commit after which all free buffers are dropped. */
  constructor(idle = 5_000) {
    this.#idle = idle;
  }

  acquire(): Buffer {
    const block = this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
    this.#spare = Math.min(this.#spare, this.#free.length);
    return block;
  }

  /**
   * To be called once nothing reads the blocks any more. Those of another size are left to the garbage collector, and so
   * are, little by little, those that were spare: as many stay as were lately in use at once.
   */
  release(blocks: Iterable<Buffer>): void {
    this.#free.length -= this.#spare >> 3;
    for (const block of blocks) if (block.length === BLOCK) this.#free.push(block);
    this.#spare = this.#free.length;
    if (this.#timer !== null) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#dropFree(), this.#idle).unref();
  }

  #dropFree(): void {
    this.#free.length = 0;
    this.#spare = 0;
    this.#timer = null;
  }

  /** Number of buffers that wait for use. */
  get freeCount(): number {
    return this.#free.length;
  }
}

/** Bytes of a block, which is also what is written to the socket at once. */
const BLOCK = 256 * 1024;

/** Writes rows, which go on in the next block where one is full. Positions count from the row's beginning. */
export class RowWriter extends ByteWriter {
  readonly #blocks: Blocks;
  readonly #used: Buffer[];
  readonly #full: Buffer[] = [];

  constructor(blocks: Blocks) {
    const first = blocks.acquire();
    super(first);
    this.#blocks = blocks;
    this.#used = [first];
  }

  /** Begins a row: what was written so far is complete. */
  begin(): void {
    this.start = this.at;
  }

  /** @returns all that was written, in pieces, and the blocks that hold it. */
  finish(): { readonly pieces: readonly Buffer[]; readonly blocks: readonly Buffer[] } {
    return { pieces: [...this.#full, this.buffer.subarray(0, this.at)], blocks: this.#used };
  }

  /** Moves the unfinished row to the next block. */
  protected override grow(more: number): void {
    const begun = this.at - this.start;
    const next = begun + more <= BLOCK ? this.#blocks.acquire() : Buffer.allocUnsafeSlow((begun + more) * 2);
    this.buffer.copy(next, 0, this.start, this.at);
    if (this.start > 0) this.#full.push(this.buffer.subarray(0, this.start));
    this.#used.push(next);
    this.buffer = next;
    this.start = 0;
    this.at = begun;
  }
}
