/**
 * What Kafka calls flexible versions of its protocol: lengths are unsigned varints, one more than the length, 0 for
 * null; and each structure ends with fields by tag, which none has to know. KafkaJS writes and reads few of them, and
 * reads past the end of a tag that has a value.
 */
import { VarintReader } from '../bytes/varint.ts';
import { int64 } from './records.ts';

/** The fields by tag that each structure ends with, none of them. */
export const NO_TAGS = 0;

const endsEarly = () => new RangeError('an answer of a broker ends before its last field');
const varints = new VarintReader();

/** Reads one answer from its beginning: behind what KafkaJS has read of its head. */
export class FlexibleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  int8(): number {
    this.#at += 1;
    return this.#bytes.readInt8(this.#at - 1);
  }

  int16(): number {
    this.#at += 2;
    return this.#bytes.readInt16BE(this.#at - 2);
  }

  int32(): number {
    this.#at += 4;
    return this.#bytes.readInt32BE(this.#at - 4);
  }

  long(): number {
    this.#at += 8;
    return int64(this.#bytes, this.#at - 8);
  }

  /** A topic's id, as hex. */
  uuid(): string {
    this.#at += 16;
    return this.#bytes.toString('hex', this.#at - 16, this.#at);
  }

  /** @returns null where it is null. @throws RangeError where the answer is cut off. */
  bytes(): Buffer | null {
    const length = this.#varint() - 1;
    if (length < 0) return null;
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw endsEarly();
    return this.#bytes.subarray(start, this.#at);
  }

  text(): string | null {
    return this.bytes()?.toString() ?? null;
  }

  /** Empty where it is null. */
  list<T>(item: () => T): T[] {
    return Array.from({ length: Math.max(0, this.#varint() - 1) }, item);
  }

  skipTags(): void {
    for (let left = this.#varint(); left > 0; left -= 1) {
      this.#varint();
      this.#at += this.#varint();
    }
  }

  #varint(): number {
    varints.at = this.#at;
    const value = varints.count(this.#bytes);
    this.#at = varints.at;
    if (this.#at > this.#bytes.length) throw endsEarly();
    return value;
  }
}
