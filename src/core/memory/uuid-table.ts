import { randomInt } from 'node:crypto';
import { murmurFinalizer } from './murmur-finalizer.ts';

/** The 128 bits of a UUID, as in `PackedId`. */
export interface Uuid {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

const FIRST_SLOTS = 64;
/** Clients choose the ids: a random seed keeps them from choosing many for one slot. */
const SEED = randomInt(2 ** 32);

/**
 * Finds the index of an object by its UUID: open addressing, four bytes a slot. The object at the index has the UUID, so
 * the table need not. There may be a million, and a map would have a text and an entry for each.
 */
export abstract class UuidTable {
  /**
   * Entry = index + 1 in the low bits, hash tag in the high bits; the tag rejects most mismatches without a memory access.
   * 0: free. A power of two slots, at most two thirds full, and more than the highest index, so that the low bits suffice.
   */
  private slots = new Int32Array(FIRST_SLOTS);
  private count = 0;
  private readonly seed: number;

  /** @param seed 32 bits: decides which slots are used, and nothing else. */
  constructor(seed = SEED) {
    this.seed = seed;
  }

  /** The UUID at an index; the object may be used again by the next call. */
  protected abstract uuidAt(index: number): Uuid;

  /** Prefetches the slot where an id is looked for. */
  prefetch(id: Uuid): number {
    return this.slots[this.hashOf(id) & (this.slots.length - 1)]!;
  }

  /** @returns -1: the id is not here. */
  protected indexOf(id: Uuid): number {
    return this.indexIn(this.slots[this.slotOf(id)]!);
  }

  /** @param id is not here yet; `uuidAt` returns it for this index from now on. */
  protected enter(id: Uuid, index: number): void {
    while ((this.count + 1) * 3 > this.slots.length * 2 || index >= this.slots.length) this.growSlots();
    this.slots[this.slotOf(id)] = this.entryOf(this.hashOf(id), index);
    this.count += 1;
  }

  /** @param index `uuidAt` still returns its UUID. */
  protected leave(index: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let free = this.hashOf(this.uuidAt(index)) & mask;
    while (this.indexIn(slots[free]!) !== index) free = (free + 1) & mask;
    // Entries behind it that would not be found over a free slot move up.
    for (let slot = (free + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.hashOf(this.uuidAt(this.indexIn(slots[slot]!))) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot]!;
      free = slot;
    }
    slots[free] = 0;
    this.count -= 1;
  }

  /** The slot of an id, or the free slot for it. */
  private slotOf(id: Uuid): number {
    const { slots } = this;
    const mask = slots.length - 1;
    const hash = this.hashOf(id);
    const tag = this.entryOf(hash, -1);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return slot;
      if (this.entryOf(entry, -1) !== tag) continue;
      const other = this.uuidAt(this.indexIn(entry));
      if (other.a === id.a && other.d === id.d && other.b === id.b && other.c === id.c) return slot;
    }
  }

  /** Its lowest bits are the slot where the search begins. */
  private hashOf({ a, b, c, d }: Uuid): number {
    return murmurFinalizer(murmurFinalizer(murmurFinalizer(murmurFinalizer(this.seed ^ a) ^ b) ^ c) ^ d);
  }

  /** @param index -1: the tag alone. */
  private entryOf(hash: number, index: number): number {
    return (hash & -(this.slots.length * 2)) | (index + 1);
  }

  private indexIn(entry: number): number {
    return (entry & (this.slots.length * 2 - 1)) - 1;
  }

  private growSlots(): void {
    const before = this.slots;
    const slots = new Int32Array(before.length * 2);
    const mask = slots.length - 1;
    const indexes = before.filter((entry) => entry !== 0).map((entry) => this.indexIn(entry));
    this.slots = slots;
    for (const index of indexes) {
      const hash = this.hashOf(this.uuidAt(index));
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = this.entryOf(hash, index);
    }
  }
}
