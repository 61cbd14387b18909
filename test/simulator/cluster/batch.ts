/**
 * A record batch as the protocol's description has it, read apart from what writes it: base offset (8 bytes), length (4),
 * leader epoch (4), magic (1), CRC-32C of all that follows (4), attributes (2), offset delta of the last record (4), two
 * timestamps (8 each), producer id (8), epoch (2), first sequence (4), number of records (4), the records.
 */
import { Refused } from './refused.ts';

export interface SentRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

export interface SentBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly firstSequence: number;
  readonly transactional: boolean;
  readonly records: readonly SentRecord[];
}

/** @throws Refused as a broker does with a batch that is damaged. */
export function readBatch(bytes: Buffer): SentBatch {
  const count = bytes.readInt32BE(57);
  const whole = bytes.readInt32BE(8) === bytes.length - 12 && bytes[16] === 2 && bytes.readInt32BE(23) === count - 1;
  if (!whole || count < 1 || bytes.readUInt32BE(17) !== checksum(bytes.subarray(21)))
    throw new Refused('CORRUPT_MESSAGE');
  const reader = new Reader(bytes, 61);
  const records = Array.from({ length: count }, (_, i) => reader.record(i));
  if (reader.at !== bytes.length) throw new Refused('CORRUPT_MESSAGE');
  return {
    producerId: Number(bytes.readBigInt64BE(43)),
    producerEpoch: bytes.readInt16BE(51),
    firstSequence: bytes.readInt32BE(53),
    transactional: (bytes.readInt16BE(21) & 0x10) !== 0,
    records,
  };
}

/** The same batch with another first sequence. */
export function withSequence(bytes: Buffer, firstSequence: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeInt32BE(firstSequence, 53);
  changed.writeUInt32BE(checksum(changed.subarray(21)), 17);
  return changed;
}

class Reader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Length, attributes, time and offset behind the batch's, key, value, headers. */
  record(delta: number): SentRecord {
    const length = this.#varint();
    const end = this.at + length;
    this.at += 1;
    this.#varint();
    if (this.#varint() !== delta) throw new Refused('CORRUPT_MESSAGE');
    const [key, value] = [this.#field(), this.#field()];
    const headers = Array.from({ length: this.#varint() }, () => [this.#field()!.toString(), this.#field()!] as const);
    if (this.at !== end) throw new Refused('CORRUPT_MESSAGE');
    return { key, value, headers };
  }

  #field(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return this.#bytes.subarray(start, this.at);
  }

  /** The lowest bit is the sign. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new Refused('CORRUPT_MESSAGE');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

const TABLE = Uint32Array.from({ length: 256 }, (_, i) => {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/** CRC-32C. */
function checksum(bytes: Buffer): number {
  let value = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) value = TABLE[(value ^ bytes[i]!) & 0xff]! ^ (value >>> 8);
  return ~value >>> 0;
}
