import { PackedId } from './event-ids.ts';
import { NO_STAMP, type Stamps } from './stamps.ts';

/** Finds an id among the many events of one visit, a run of stamps: open addressing, at most half full. */
export class IdIndex {
  /** A stamp + 1; 0: free. A power of two long. */
  private table: Int32Array;
  private count = 0;

  private constructor(length: number) {
    this.table = new Int32Array(length);
  }

  /** @param count of the stamps in the run. */
  static of(stamps: Stamps, run: number, count: number): IdIndex {
    let length = 64;
    while (length < count * 4) length *= 2;
    const index = new IdIndex(length);
    for (let stamp = 0; stamp < count; stamp++) index.add(stamps, run, stamp);
    return index;
  }

  /** @param stamp of an id that is not there. */
  add(stamps: Stamps, run: number, stamp: number): void {
    if (this.count * 2 >= this.table.length) this.grow(stamps, run);
    this.count += 1;
    put(this.table, stamps, run, stamp);
  }

  /** @returns the stamp of an id; `NO_STAMP` where it is not there. */
  find(stamps: Stamps, run: number, id: PackedId): number {
    const { table } = this;
    const mask = table.length - 1;
    for (let place = id.tableHash & mask; ; place = (place + 1) & mask) {
      const stamp = table[place]! - 1;
      if (stamp < 0) return NO_STAMP;
      if (stamps.isId(run, stamp, id)) return stamp;
    }
  }

  private grow(stamps: Stamps, run: number): void {
    const table = new Int32Array(this.table.length * 2);
    for (const entry of this.table) if (entry > 0) put(table, stamps, run, entry - 1);
    this.table = table;
  }
}

const id = new PackedId();

function put(table: Int32Array, stamps: Stamps, run: number, stamp: number): void {
  const mask = table.length - 1;
  let place = stamps.readId(run, stamp, id).tableHash & mask;
  while (table[place] !== 0) place = (place + 1) & mask;
  table[place] = stamp + 1;
}
