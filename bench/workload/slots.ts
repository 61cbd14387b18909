/** Events to come, in arrays side by side: millions may wait, and an object each would be most of the memory. */
export class Slots {
  session = new Int32Array(1024);
  /** Number of the event in its session, from 0. */
  index = new Int32Array(1024);
  /** Events of the visit that are still to come, this one included; 0: one that comes late, by itself. */
  left = new Int32Array(1024);
  /** Simulated ms. */
  occurred = new Float64Array(1024);
  #size = 0;
  readonly #free: number[] = [];

  add(session: number, index: number, left: number, occurred: number): number {
    const slot = this.#free.pop() ?? this.#size++;
    if (slot === this.session.length) this.#grow();
    this.session[slot] = session;
    this.index[slot] = index;
    this.left[slot] = left;
    this.occurred[slot] = occurred;
    return slot;
  }

  release(slot: number): void {
    this.#free.push(slot);
  }

  #grow(): void {
    const wider = (array: Int32Array): Int32Array<ArrayBuffer> => {
      const wide = new Int32Array(array.length * 2);
      wide.set(array);
      return wide;
    };
    const occurred = new Float64Array(this.occurred.length * 2);
    occurred.set(this.occurred);
    this.session = wider(this.session);
    this.index = wider(this.index);
    this.left = wider(this.left);
    this.occurred = occurred;
  }
}
