/** From this many types on, they are found by a map. */
const MAPPED = 32;

/**
 * How many events there were of each type. Most visits hold a handful of types, which a scan of a short array finds
 * faster than a map, in a fraction of its memory.
 */
export class TypeCounts {
  private readonly names: string[];
  private readonly counts: number[];
  private index: Map<string, number> | null = null;

  constructor(type: string, count = 1) {
    this.names = [type];
    this.counts = [count];
  }

  static of(entries: Iterable<readonly [type: string, count: number]>): TypeCounts {
    let counts = NO_TYPES;
    for (const [type, count] of entries) counts = withType(counts, type, count);
    return counts;
  }

  get size(): number {
    return this.names.length;
  }

  add(type: string, count = 1): void {
    const at = this.find(type);
    if (at >= 0) {
      this.counts[at]! += count;
      return;
    }
    this.index?.set(type, this.names.length);
    this.names.push(type);
    this.counts.push(count);
    if (this.index === null && this.names.length === MAPPED)
      this.index = new Map(this.names.map((name, i) => [name, i]));
  }

  *[Symbol.iterator](): Iterator<[type: string, count: number]> {
    for (let i = 0; i < this.names.length; i++) yield [this.names[i]!, this.counts[i]!];
  }

  typeAt(i: number): string {
    return this.names[i]!;
  }

  countAt(i: number): number {
    return this.counts[i]!;
  }

  private find(type: string): number {
    if (this.index !== null) return this.index.get(type) ?? -1;
    const { names } = this;
    for (let i = 0; i < names.length; i++) if (names[i] === type) return i;
    return -1;
  }
}

/** Shared by all that have counted nothing: never added to, see `withType`. */
export const NO_TYPES: TypeCounts = Object.assign(new TypeCounts(''), { names: [], counts: [] });

/** `counts` with so many more of a type; another object only where it was `NO_TYPES`. */
export function withType(counts: TypeCounts, type: string, count = 1): TypeCounts {
  if (counts === NO_TYPES) return new TypeCounts(type, count);
  counts.add(type, count);
  return counts;
}
