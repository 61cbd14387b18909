/** An answer begins with its length, four bytes. */
const LENGTH = 4;
/** Bytes of the buffer that is read into while the length of the answer is not known. */
const SCRATCH = 16 * 1024;
/** No broker's answer is longer, by far: what announces one is no broker. */
const LONGEST = 2 ** 30;

/** Cuts what comes over a connection into answers, each with its length in front. */
export class Answers {
  readonly #onAnswer: (answer: Buffer) => void;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH);
  /** The buffer that the next bytes go into. */
  #into = this.#scratch;
  #filled = 0;

  constructor(onAnswer: (answer: Buffer) => void) {
    this.#onAnswer = onAnswer;
  }

  get room(): Buffer {
    return this.#filled === 0 ? this.#into : this.#into.subarray(this.#filled);
  }

  /** So many bytes were written into `room`. @throws Error where they are no answer of a broker. */
  arrived(bytes: number): void {
    this.#filled += bytes;
    if (this.#into !== this.#scratch) {
      if (this.#filled === this.#into.length) this.#finish(this.#into);
      return;
    }
    let at = 0;
    while (this.#filled - at >= LENGTH) {
      const end = at + LENGTH + lengthOf(this.#scratch, at);
      if (end > this.#filled) {
        if (end - at > SCRATCH) {
          this.#begin(at, end - at);
          return;
        }
        break;
      }
      this.#onAnswer(Buffer.from(this.#scratch.subarray(at, end)));
      at = end;
    }
    this.#scratch.copyWithin(0, at, this.#filled);
    this.#filled -= at;
  }

  /** An answer that the scratch cannot hold begins there at `at`. */
  #begin(at: number, length: number): void {
    const answer = Buffer.allocUnsafeSlow(length);
    this.#filled = this.#scratch.copy(answer, 0, at, this.#filled);
    this.#into = answer;
  }

  #finish(answer: Buffer): void {
    this.#into = this.#scratch;
    this.#filled = 0;
    this.#onAnswer(answer);
  }
}

function lengthOf(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at);
  if (length >= 0 && length <= LONGEST) return length;
  throw new Error(`what answers is no Kafka broker: an answer of ${length} bytes was announced`);
}
