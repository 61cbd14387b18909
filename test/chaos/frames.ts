/** How messages follow each other in a direction of a connection. */
export interface Framing {
  /** Bytes that have to be there before the length is known. */
  readonly head: number;
  /** Bytes of the whole message, by its head. */
  readonly lengthOf: (head: Buffer) => number;
  /** Bytes of each message that are kept, at least `head`; the rest is passed over. */
  readonly kept: number;
}

/**
 * Tells where messages begin in a stream of chunks, cut anywhere. `onMessage` gets the first bytes of each as soon as
 * they are there, and may give the framing that holds from the next message on.
 */
export class Frames {
  #framing: Framing;
  readonly #onMessage: (start: Buffer) => Framing | undefined;
  #start = Buffer.alloc(0);
  /** Bytes of the present message still to come and not wanted. */
  #skip = 0;

  constructor(framing: Framing, onMessage: (start: Buffer) => Framing | undefined) {
    this.#framing = framing;
    this.#onMessage = onMessage;
  }

  take(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, rest.length);
        this.#skip -= passed;
        rest = rest.subarray(passed);
        continue;
      }
      const { head, kept, lengthOf } = this.#framing;
      const had = this.#start.length;
      const length = had >= head ? lengthOf(this.#start) : null;
      const wanted = length === null ? head : Math.min(kept, length);
      this.#start = Buffer.concat([this.#start, rest.subarray(0, wanted - had)]);
      rest = rest.subarray(this.#start.length - had);
      if (this.#start.length < wanted) return;
      const whole = lengthOf(this.#start);
      if (this.#start.length < Math.min(kept, whole)) continue;
      const start = this.#start;
      this.#start = Buffer.alloc(0);
      this.#skip = whole - start.length;
      this.#framing = this.#onMessage(start) ?? this.#framing;
    }
  }
}
