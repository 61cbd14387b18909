import { PackedId } from './event-ids.ts';
import { type EventRefs, NO_EVENT } from './event-refs.ts';

/** Finds an id among the many events of one visit, a run of refs: open addressing, at most half full. */
export class IdIndex {
  /** A ref + 1; 0: free. A power of two long. */
  private table: Int32Array;
  private count = 0;

  private constructor(length: number) {
    this.table = new Int32Array(length);
  }

  /** @param count of the refs in the run. */
  static of(refs: EventRefs, run: number, count: number): IdIndex {
    let length = 64;
    while (length < count * 4) length *= 2;
    const index = new IdIndex(length);
    for (let ref = 0; ref < count; ref++) index.add(refs, run, ref);
    return index;
  }

  /** @param ref of an id that is not there. */
  add(refs: EventRefs, run: number, ref: number): void {
    if (this.count * 2 >= this.table.length) this.grow(refs, run);
    this.count += 1;
    put(this.table, refs, run, ref);
  }

  /** @returns the ref of an id; `NO_EVENT` where it is not there. */
  find(refs: EventRefs, run: number, id: PackedId): number {
    const { table } = this;
    const mask = table.length - 1;
    for (let slot = id.tableHash & mask; ; slot = (slot + 1) & mask) {
      const ref = table[slot]! - 1;
      if (ref < 0) return NO_EVENT;
      if (refs.isId(run, ref, id)) return ref;
    }
  }

  private grow(refs: EventRefs, run: number): void {
    const table = new Int32Array(this.table.length * 2);
    for (const entry of this.table) if (entry > 0) put(table, refs, run, entry - 1);
    this.table = table;
  }
}

const id = new PackedId();

function put(table: Int32Array, refs: EventRefs, run: number, ref: number): void {
  const mask = table.length - 1;
  let slot = refs.readId(run, ref, id).tableHash & mask;
  while (table[slot] !== 0) slot = (slot + 1) & mask;
  table[slot] = ref + 1;
}
