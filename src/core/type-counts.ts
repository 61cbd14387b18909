/** From this many types on, they are found by a map. */
const MAPPED = 32;

/** Up to this many types, an array that gets one more is made anew, without room to spare. */
const EXACT = 8;

/**
 * How many events there were of each type. Most visits hold a handful of types, which a scan of a short array finds
 * faster than a map, in a fraction of its memory.
 */
export class TypeCounts {
  /** Each type and, behind it, its number. */
  private entries: (string | number)[];
  private index: Map<string, number> | null = null;

  constructor(type: string, count = 1) {
    this.entries = [type, count];
  }

  static of(entries: Iterable<readonly [type: string, count: number]>): TypeCounts {
    let counts = NO_TYPES;
    for (const [type, count] of entries) counts = withType(counts, type, count);
    return counts;
  }

  get size(): number {
    return this.entries.length / 2;
  }

  add(type: string, count = 1): void {
    const { entries } = this;
    const at = this.find(type);
    if (at >= 0) {
      (entries[at + 1] as number) += count;
      return;
    }
    this.index?.set(type, entries.length);
    if (entries.length < EXACT * 2) this.entries = entries.concat(type, count);
    else entries.push(type, count);
    if (this.size === MAPPED) this.index = new Map(this.places());
  }

  /** Each type and its number, to be kept. */
  all(): [type: string, count: number][] {
    const all: [string, number][] = [];
    for (let i = 0; i < this.size; i++) all.push([this.typeAt(i), this.countAt(i)]);
    return all;
  }

  *[Symbol.iterator](): Iterator<[type: string, count: number]> {
    for (let i = 0; i < this.size; i++) yield [this.typeAt(i), this.countAt(i)];
  }

  typeAt(i: number): string {
    return this.entries[i * 2] as string;
  }

  countAt(i: number): number {
    return this.entries[i * 2 + 1] as number;
  }

  private find(type: string): number {
    if (this.index !== null) return this.index.get(type) ?? -1;
    const { entries } = this;
    for (let at = 0; at < entries.length; at += 2) if (entries[at] === type) return at;
    return -1;
  }

  private *places(): Iterable<[type: string, at: number]> {
    for (let i = 0; i < this.size; i++) yield [this.typeAt(i), i * 2];
  }
}

/** Shared by all that have counted nothing: never added to, see `withType`. */
export const NO_TYPES: TypeCounts = Object.assign(new TypeCounts(''), { entries: [] });

/** `counts` with so many more of a type; another object only where it was `NO_TYPES`. */
export function withType(counts: TypeCounts, type: string, count = 1): TypeCounts {
  if (counts === NO_TYPES) return new TypeCounts(type, count);
  counts.add(type, count);
  return counts;
}
