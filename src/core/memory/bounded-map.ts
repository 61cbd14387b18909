/**
 * Remembers the value that was made of each key, so that it is made once. All are dropped when there are too many: those
 * in use are soon there again, and to know which was used last would cost more than that.
 */
export class BoundedMap<K, V> {
  private readonly most: number;
  private readonly values = new Map<K, V>();

  constructor(most: number) {
    this.most = most;
  }

  get(key: K): V | undefined {
    return this.values.get(key);
  }

  set(key: K, value: V): void {
    if (this.values.size === this.most) this.values.clear();
    this.values.set(key, value);
  }
}
