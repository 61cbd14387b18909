/** Texts that are equal as one and the same object, so that comparing two of them takes no look at their characters. */
export class Interned {
  private readonly texts = new Map<string, string>();
  private readonly most: number;

  /** @param most texts remembered; beyond it all are forgotten, and collected anew. */
  constructor(most: number) {
    this.most = most;
  }

  of(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size === this.most) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }
}
