import { BoundedMap } from '../core/memory/bounded-map.ts';

/** Texts that are equal as one and the same object, so that comparing two of them takes no look at their characters. */
export class Interned {
  private readonly texts: BoundedMap<string, string>;

  /** @param capacity texts remembered. */
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
