import { randomInt } from 'node:crypto';
import { mix } from './mix.ts';

/** The 128 bits of a UUID, as `EventId` has them. */
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
  /** A place + 1; 0: free. A power of two, at most two thirds full. */
  private slots = new Int32Array(FIRST_SLOTS);
  private count = 0;
  private readonly seed: number;

  /** @param seed 32 bits: decides where in the table things lie, and nothing else. */
  constructor(seed = SEED) {
    this.seed = seed;
  }

  /** The UUID that has a place; may be told in an object that is used again. */
  protected abstract uuidAt(place: number): Uuid;

  /** @returns -1: it has none. */
  protected placeOf(id: Uuid): number {
    return this.slots[this.slotOf(id)]! - 1;
  }

  /** @param id that has no place yet; `uuidAt` tells it from now on. */
  protected enter(id: Uuid, place: number): void {
    if ((this.count + 1) * 3 > this.slots.length * 2) this.growSlots();
    this.slots[this.slotOf(id)] = place + 1;
    this.count += 1;
  }

  /** @param place that `uuidAt` still tells the UUID of. */
  protected leave(place: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let free = this.homeOf(this.uuidAt(place));
    while (slots[free] !== place + 1) free = (free + 1) & mask;
    // What lies behind, and is not found over a free slot any more, moves up.
    for (let slot = (free + 1) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = this.homeOf(this.uuidAt(slots[slot]! - 1));
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
    for (let slot = this.homeOf(id); ; slot = (slot + 1) & mask) {
      const entry = slots[slot]!;
      if (entry === 0) return slot;
      const other = this.uuidAt(entry - 1);
      if (other.a === id.a && other.d === id.d && other.b === id.b && other.c === id.c) return slot;
    }
  }

  /** The slot from which on it is looked for. */
  private homeOf({ a, b, c, d }: Uuid): number {
    return mix(mix(mix(mix(this.seed ^ a) ^ b) ^ c) ^ d) & (this.slots.length - 1);
  }

  private growSlots(): void {
    const before = this.slots;
    const slots = new Int32Array(before.length * 2);
    const mask = slots.length - 1;
    this.slots = slots;
    for (const entry of before) {
      if (entry === 0) continue;
      let slot = this.homeOf(this.uuidAt(entry - 1));
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = entry;
    }
  }
}
