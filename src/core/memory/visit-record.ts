import type { PackedId } from './event-ids.ts';
import { RECORD } from './record-size.gen.ts';
import { FIRST_VALUE, ID, MASK, NONE, VALUES, VisitFields } from './visit-fields.gen.ts';
import { RELEASED, type VisitTable } from './visit-table.ts';

/**
 * The numbers of a visit, and its small choices, in a record of a `VisitTable`: what all events touch lies together in
 * two or three cache lines.
 */
export abstract class VisitRecord extends VisitFields {
  /** @throws where the id is no UUID in canonical form. */
  constructor(id: PackedId, table: VisitTable, startedAt: number, lastEventAt: number, lastArrival: number) {
    if (!id.isUuid) throw new Error(`the id of a visit is a UUID in canonical form, not ${JSON.stringify(id.text)}`);
    const { block, at } = table.allocate();
    super(block, at);
    const { integers } = block;
    integers[at + ID] = id.a;
    integers[at + ID + 1] = id.b;
    integers[at + ID + 2] = id.c;
    integers[at + ID + 3] = id.d;
    this.startedAt = startedAt;
    this.lastEventAt = lastEventAt;
    this.lastArrival = lastArrival;
    this.endedWatermark = null;
    this.dueKey = Number.POSITIVE_INFINITY;
    this.watermarkKey = Number.POSITIVE_INFINITY;
    const first = at * 2 + FIRST_VALUE;
    block.halves.fill(NONE, first, first + VALUES);
  }

  /** Where its numbers and its refs are. */
  get table(): VisitTable {
    return this.block.table;
  }

  /** Gives its memory back: it is asked for nothing afterwards but what timers order visits by. */
  release(): void {
    this.refs.release(this.refsAt, this.refCount);
    this.table.release(this.block, this.at);
    this.block = RELEASED;
    this.at = 0;
  }

  /** Reads something of each cache line of its record: for `prefetched`. */
  prefetch(): number {
    const { at } = this;
    const { integers } = this.block;
    return integers[at]! ^ integers[at + 16]! ^ integers[at + RECORD - 1]!;
  }

  /** Its record is in this table from now on; its refs are still in the other. */
  protected moveRecord(table: VisitTable): void {
    const { block: before, at } = this;
    const { block, at: to } = table.allocate();
    block.integers.set(before.integers.subarray(at, at + RECORD), to);
    before.table.release(before, at);
    this.block = block;
    this.at = to;
  }

  /** Sets `id` to its own. */
  readId(id: PackedId): PackedId {
    const { at } = this;
    const { integers } = this.block;
    if (this.block === RELEASED) throw new Error('a visit that was released is asked for its id');
    return id.setUuid(integers[at + ID]!, integers[at + ID + 1]!, integers[at + ID + 2]!, integers[at + ID + 3]!);
  }

  /** Whether an event id of these `PackedId.maskBits` may be among its own; false is certain. */
  mayHaveId(bits: number): boolean {
    return this.hasBit(bits & 127) && this.hasBit(bits >> 7);
  }

  /**
   * 128 bits: two for each of its event ids are set. So most ids are seen to be new without a search: all but one in fifty
   * where there are ten, against one in thirteen with a bit each.
   */
  addIdBits(bits: number): void {
    this.setBit(bits & 127);
    this.setBit(bits >> 7);
  }

  setBitsOf(other: VisitRecord): void {
    for (let i = MASK; i < MASK + 4; i++) this.block.integers[this.at + i]! |= other.block.integers[other.at + i]!;
  }

  private hasBit(bit: number): boolean {
    return (this.block.integers[this.at + MASK + (bit >> 5)]! & (1 << (bit & 31))) !== 0;
  }

  private setBit(bit: number): void {
    this.block.integers[this.at + MASK + (bit >> 5)]! |= 1 << (bit & 31);
  }
}
