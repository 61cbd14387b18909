/**
 * A record batch of Kafka's message format 2, written record by record into one buffer. KafkaJS makes four objects a
 * record for the same bytes, which would make writing a workload take longer than folding it.
 */
import { sizeOfLong } from '../../src/bytes/varint.ts';
import { crc32c } from '../../src/kafka/crc32c.ts';
import { Bytes } from './bytes.ts';

/** Bytes before the first record, and where the parts of that head are. */
const HEAD = 61;
const AT = { length: 8, leader: 12, magic: 16, crc: 17, attributes: 21, last: 23, first: 27, max: 35, producer: 43 };
const COUNT = 57;

export class Batch {
  readonly #body = new Bytes(64 * 1024);
  #count = 0;
  #first = 0;
  #max = 0;

  constructor() {
    this.clear();
  }

  get count(): number {
    return this.#count;
  }

  get size(): number {
    return this.#body.at;
  }

  clear(): void {
    this.#body.at = HEAD;
    this.#count = 0;
  }

  /** @param timestamp ms. Key and value are copied. */
  add(timestamp: number, key: Uint8Array, value: Uint8Array): void {
    if (this.#count === 0) {
      this.#first = timestamp;
      this.#max = timestamp;
    }
    this.#max = Math.max(this.#max, timestamp);
    const body = this.#body;
    body.reserve(key.length + value.length + 64);
    const sinceFirst = timestamp - this.#first;
    const length =
      2 +
      sizeOfLong(sinceFirst) +
      sizeOfLong(this.#count) +
      sizeOfLong(key.length) +
      key.length +
      sizeOfLong(value.length) +
      value.length;
    body.long(length);
    body.byte(0); // attributes
    body.long(sinceFirst);
    body.long(this.#count);
    body.long(key.length);
    body.raw(key);
    body.long(value.length);
    body.raw(value);
    body.byte(0); // headers
    this.#count += 1;
  }

  /** The bytes as they go to the broker: valid until the next `clear` or `add`. */
  finish(): Buffer {
    const { at } = this.#body;
    const head = this.#body.buffer;
    head.fill(0, 0, HEAD);
    head.writeInt32BE(at - AT.leader, AT.length);
    head[AT.magic] = 2;
    head.writeInt32BE(this.#count - 1, AT.last);
    head.writeBigInt64BE(BigInt(this.#first), AT.first);
    head.writeBigInt64BE(BigInt(this.#max), AT.max);
    head.fill(0xff, AT.producer, COUNT); // no producer id, epoch or sequence
    head.writeInt32BE(this.#count, COUNT);
    head.writeUInt32BE(crc32c(head, AT.attributes, at), AT.crc);
    return head.subarray(0, at);
  }
}
