/**
 * What was made of keys, so that it is made once for each. Everything is forgotten when there is too much: what is in use
 * is soon there again, and to know which was used last would cost more than that.
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
