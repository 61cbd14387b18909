import { EventRefs } from './event-refs.ts';
import { RECORD } from './record-size.gen.ts';

/**
 * Memory for the numbers of many visits: a record each, and the refs of all.
 *
 * A visit that is open waits half an hour or more for its end, and there may be a million of them. As fields of objects
 * their numbers would be ten small objects each, which the garbage collector marks and moves again and again; here it
 * sees a few large blocks. What is allocated has to be given back: see `Visit.release`.
 */
export class VisitTable {
  readonly refs: EventRefs;
  private readonly blockBits: number;
  private readonly mask: number;
  private readonly blocks: Block[] = [];
  private readonly free: number[] = [];
  private count = 0;

  /** @param blockBits so many records, as a power of two, get their memory at once. */
  constructor(blockBits = 10) {
    this.blockBits = blockBits;
    this.mask = (1 << blockBits) - 1;
    this.refs = new EventRefs(blockBits + 2);
  }

  /** Records that are in use. */
  get size(): number {
    return this.count - this.free.length;
  }

  /** @returns a record, all zero, which is to be given back. */
  allocate(): Allocation {
    const slot = this.free.pop() ?? this.count++;
    const index = slot >> this.blockBits;
    if (index === this.blocks.length) this.blocks.push(new Block(this, slot, 1 << this.blockBits));
    allocation.block = this.blocks[index]!;
    allocation.at = (slot & this.mask) * RECORD;
    return allocation;
  }

  /** @param block of this table; @param at where the record begins there. */
  release({ integers, first }: Block, at: number): void {
    this.free.push(first + at / RECORD);
    integers.fill(0, at, at + RECORD);
  }
}

/** Records one after the other: as integers, as halves of them, and as times. */
export class Block {
  readonly table: VisitTable;
  /** Index of its first record in the table. */
  readonly first: number;
  readonly integers: Int32Array;
  readonly halves: Uint16Array;
  readonly times: Float64Array;
  readonly refs: EventRefs;

  constructor(table: VisitTable, first: number, records: number) {
    this.table = table;
    this.first = first;
    this.integers = new Int32Array(records * RECORD);
    this.halves = new Uint16Array(this.integers.buffer);
    this.times = new Float64Array(this.integers.buffer);
    this.refs = table.refs;
  }
}

/** Where a record begins: in `integers` at `at`, in `times` at half of it. Reused: read it at once. */
export interface Allocation {
  block: Block;
  at: number;
}

/** A released visit reads this: zeros, and NaN for every time. */
export const RELEASED = new Block(new VisitTable(0), 0, 1);
RELEASED.times.fill(Number.NaN);

const allocation: Allocation = { block: RELEASED, at: 0 };
