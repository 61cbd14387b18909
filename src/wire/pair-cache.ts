/** Values by the pair of objects that they were made of. The cache is emptied when it is full. */
export class PairCache<K, V> {
  readonly #capacity: number;
  readonly #values = new Map<K, Map<K, V>>();
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(one: K, other: K): V | undefined {
    return this.#values.get(one)?.get(other);
  }

  /** Adds a value for a pair that has none yet. */
  set(one: K, other: K, value: V): void {
    if (this.#count === this.#capacity) {
      this.#values.clear();
      this.#count = 0;
    }
    this.#count += 1;
    const others = this.#values.get(one);
    if (others === undefined) this.#values.set(one, new Map([[other, value]]));
    else others.set(other, value);
  }
}
