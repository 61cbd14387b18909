import { randomInt } from 'node:crypto';
import { murmurFinalizer } from './murmur-finalizer.ts';

/** The 128 bits of a UUID, as `PackedId` has them. */
export interface Uuid {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

const FIRST_SLOTS = 64;
/** Clients choose the ids: so that none can choose many for one slot, which slot that is cannot be known before. */
const SEED = randomInt(2 ** 32);

/**
 * Finds places by UUIDs: open addressing, four bytes a slot. What has the place has the UUID too; there may be a million,
 * of which a map would hold the text and an entry each.
 */
export abstract class UuidTable {
  /**
   * Entries: a place + 1, and above the bits that this may take bits of the hash, which tell of most others that they are
   * others: to read what has the place would mean to wait for memory. 0: free. So many slots as a power of two, at most two
   * thirds full, and no fewer than the highest place, so that the bits suffice.
   */
  private slots = new Int32Array(FIRST_SLOTS);
  private count = 0;
  private readonly seed: number;

  /** @param seed 32 bits: decides where in the table things lie, and nothing else. */
  constructor(seed = SEED) {
    this.seed = seed;
  }

  /** The UUID that has a place; may be told in an object that is used again. */
  protected abstract uuidAt(place: number): Uuid;

  /** Reads where an id is looked for: for `prefetched`. */
  prefetch(id: Uuid): number {
    return this.slots[this.hashOf(id) & (this.slots.length - 1)]!;
  }

  /** @returns -1: it has none. */
  protected placeOf(id: Uuid): number {
    return this.placeIn(this.slots[this.slotOf(id)]!);
  }

  /** @param id that has no place yet; `uuidAt` tells it from now on. */
  protected enter(id: Uuid, place: number): void {
    while ((this.count + 1) * 3 > this.slots.length * 2 || place >= this.slots.length) this.growSlots();
    this.slots[this.slotOf(id)] = this.entryOf(this.hashOf(id), place);
    this.count += 1;
  }

  /** @param place that `uuidAt` still tells the UUID of. */
  protected leave(place: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let free = this.hashOf(this.uuidAt(place)) & mask;
    while (this.placeIn(slots[free]!) !== place) free = (free + 1) & mask;
    // What lies behind, and is not found over a free slot any more, moves up.
    for (let slot = (free + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.hashOf(this.uuidAt(this.placeIn(slots[slot]!))) & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      slots[free] = slots[slot]!;
      free = slot;
    }
    slots[free] = 0;
    this.count -= 1;
  }

  /** Where an id is, or the free slot for it. */
  private slotOf(id: Uuid): number {
    const { slots } = this;
    const mask = slots.length - 1;
    const hash = this.hashOf(id);
    const tag = this.entryOf(hash, -1);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return slot;
      if (this.entryOf(entry, -1) !== tag) continue;
      const other = this.uuidAt(this.placeIn(entry));
      if (other.a === id.a && other.d === id.d && other.b === id.b && other.c === id.c) return slot;
    }
  }

  /** Its lowest bits are the slot from which on it is looked for. */
  private hashOf({ a, b, c, d }: Uuid): number {
    return murmurFinalizer(murmurFinalizer(murmurFinalizer(murmurFinalizer(this.seed ^ a) ^ b) ^ c) ^ d);
  }

  /** @param place -1: only the bits of the hash. */
  private entryOf(hash: number, place: number): number {
    return (hash & -(this.slots.length * 2)) | (place + 1);
  }

  private placeIn(entry: number): number {
    return (entry & (this.slots.length * 2 - 1)) - 1;
  }

  private growSlots(): void {
    const before = this.slots;
    const slots = new Int32Array(before.length * 2);
    const mask = slots.length - 1;
    const places = before.filter((entry) => entry !== 0).map((entry) => this.placeIn(entry));
    this.slots = slots;
    for (const place of places) {
      const hash = this.hashOf(this.uuidAt(place));
      let slot = hash & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = this.entryOf(hash, place);
    }
  }
}
