/** From this many types on, they are found by a map. */
const MAPPED = 32;

/** Up to this many types, an array that gets one more is made anew, without room to spare. */
const EXACT = 8;

/**
 * Counts of at most `SHARED_EVENTS` events are shared: with each event more there are several times as many different
 * counts, and each is met less often. There are at most `MOST_SHARED`; then all are dropped.
 */
const SHARED_EVENTS = 4;
const MOST_SHARED = 4_096;

/**
 * How many events there were of each type, in the order in which the types came. Counts of few events are the same in
 * many visits, and are one object, which is never changed and remembers what another event makes of it; past
 * `SHARED_EVENTS` a visit has an object of its own.
 */
export class TypeCounts {
  /** Each type, followed by its number. */
  private entries: (string | number)[];
  private readonly events: number;
  /** The counts after one event more, by type, and after several of a type; null: it is a visit's own. */
  private readonly afterOne: Map<string, TypeCounts> | null;
  private readonly afterSeveral: Map<string, TypeCounts> | null;
  private index: Map<string, number> | null = null;

  private constructor(entries: (string | number)[], events: number, isShared: boolean) {
    this.entries = entries;
    this.events = events;
    this.afterOne = isShared ? new Map() : null;
    this.afterSeveral = isShared ? new Map() : null;
  }

  static readonly none = new TypeCounts([], 0, true);

  static of(entries: Iterable<readonly [type: string, count: number]>): TypeCounts {
    let counts = NO_TYPES;
    for (const [type, count] of entries) counts = counts.plus(type, count);
    return counts;
  }

  get size(): number {
    return this.entries.length / 2;
  }

  /** Adds events of a type. @returns another object, or this one where it is a visit's own. */
  plus(type: string, count: number): TypeCounts {
    const next = count === 1 ? this.afterOne : this.afterSeveral;
    if (next === null) {
      this.add(type, count);
      return this;
    }
    const key = count === 1 ? type : `${count} ${type}`;
    let counts = next.get(key);
    if (counts === undefined) {
      counts = this.derive(type, count);
      if (counts.afterOne !== null) next.set(key, counts);
    }
    return counts;
  }

  /** Each type and its number, in an array that is the caller's. */
  all(): [type: string, count: number][] {
    const { size } = this;
    const all = new Array<[string, number]>(size);
    for (let i = 0; i < size; i++) all[i] = [this.typeAt(i), this.countAt(i)];
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

  private derive(type: string, count: number): TypeCounts {
    const events = this.events + count;
    if (events > SHARED_EVENTS) {
      const own = new TypeCounts([...this.entries], events, false);
      own.add(type, count);
      return own;
    }
    const at = this.find(type);
    const entries = at < 0 ? [...this.entries, type, count] : [...this.entries];
    if (at >= 0) (entries[at + 1] as number) += count;
    const key = JSON.stringify(entries);
    let counts = shared.get(key);
    if (counts === undefined) {
      counts = new TypeCounts(entries, events, true);
      if (shared.size === MOST_SHARED) dropShared();
      shared.set(key, counts);
    }
    return counts;
  }

  private add(type: string, count: number): void {
    const { entries } = this;
    const at = this.find(type);
    if (at >= 0) {
      (entries[at + 1] as number) += count;
      return;
    }
    this.index?.set(type, entries.length);
    if (entries.length < EXACT * 2) this.entries = [...entries, type, count];
    else entries.push(type, count);
    if (this.size === MAPPED) this.index = new Map(this.slots());
  }

  private find(type: string): number {
    if (this.index !== null) return this.index.get(type) ?? -1;
    const { entries } = this;
    for (let at = 0; at < entries.length; at += 2) if (entries[at] === type) return at;
    return -1;
  }

  private *slots(): Iterable<[type: string, at: number]> {
    for (let i = 0; i < this.size; i++) yield [this.typeAt(i), i * 2];
  }

  /** The counts themselves stay, because visits have them, but they lead to no others any more. */
  static dropLinks(all: Iterable<TypeCounts>): void {
    for (const { afterOne, afterSeveral } of all) {
      afterOne!.clear();
      afterSeveral!.clear();
    }
  }
}

const shared = new Map<string, TypeCounts>();

function dropShared(): void {
  TypeCounts.dropLinks([TypeCounts.none, ...shared.values()]);
  shared.clear();
}

/** The counts of a visit that no event is applied to yet. */
export const NO_TYPES: TypeCounts = TypeCounts.none;
