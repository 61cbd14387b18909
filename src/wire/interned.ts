import { BoundedMap } from '../core/memory/bounded-map.ts';

/** Makes equal texts one object, so that comparing two of them need not look at their characters. */
export class Interned {
  private readonly texts: BoundedMap<string, string>;

  /** @param capacity texts that are remembered. */
  constructor(capacity: number) {
    this.texts = new BoundedMap(capacity);
  }

  of(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    this.texts.set(text, text);
    return text;
  }
}
