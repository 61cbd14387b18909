/** Bytes that are written one after the other, in a buffer that grows. */
export class Sink {
  #buf = Buffer.allocUnsafe(1024);
  #end = 0;

  /** Makes room for so many bytes more, and moves behind them. @returns where they begin. */
  #take(bytes: number): number {
    const at = this.#end;
    if (at + bytes > this.#buf.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buf.length * 2, at + bytes));
      this.#buf.copy(larger, 0, 0, at);
      this.#buf = larger;
    }
    this.#end = at + bytes;
    return at;
  }

  byte(value: number): void {
    const at = this.#take(1);
    this.#buf[at] = value;
  }

  /** Four bytes, the highest first. */
  uint32(value: number): void {
    const at = this.#take(4);
    this.#buf.writeUInt32BE(value, at);
  }

  /** An int or a long of Avro. */
  long(value: number): void {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`${value} is not a whole number that Avro's long can hold here`);
    }
    // Twice the value would not be exact for all: six bits of it and the sign make the first byte, the rest follows.
    const whole = value < 0 ? -(value + 1) : value;
    const low = (whole % 64) * 2 + (value < 0 ? 1 : 0);
    const rest = Math.floor(whole / 64);
    this.byte(rest > 0 ? low | 0x80 : low);
    if (rest > 0) this.count(rest);
  }

  /** A number that is not negative, seven bits a byte, the lowest first. */
  count(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.byte((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.byte(rest);
  }

  /** A string of Avro. */
  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.long(bytes);
    const at = this.#take(bytes);
    this.#buf.write(value, at, 'utf8');
  }

  bytes(value: Buffer): void {
    const at = this.#take(value.length);
    value.copy(this.#buf, at);
  }

  /** Forgets what was written, also by a write that failed halfway. */
  clear(): void {
    this.#end = 0;
  }

  /** A copy of what was written. */
  toBuffer(): Buffer {
    return Buffer.from(this.#buf.subarray(0, this.#end));
  }
}
