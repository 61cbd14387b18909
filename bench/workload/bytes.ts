import { putLong } from '../../src/bytes/varint.ts';

/** Writes into one buffer that grows: what Avro and Kafka's record batches are made of. */
export class Bytes {
  buffer: Buffer;
  at = 0;

  constructor(size = 4096) {
    this.buffer = Buffer.allocUnsafeSlow(size);
  }

  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return;
    const wide = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes));
    this.buffer.copy(wide, 0, 0, this.at);
    this.buffer = wide;
  }

  byte(value: number): void {
    this.buffer[this.at++] = value;
  }

  long(value: number): void {
    this.at = putLong(this.buffer, this.at, value);
  }

  double(value: number): void {
    this.at = this.buffer.writeDoubleLE(value, this.at);
  }

  raw(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.at);
    this.at += bytes.length;
  }

  /** An Avro string of ASCII characters. */
  text(value: string): void {
    this.long(value.length);
    this.at += this.buffer.write(value, this.at, 'latin1');
  }

  /** The second branch of a union with null. */
  some(value: string | null): void {
    this.byte(value === null ? 0 : 2);
    if (value !== null) this.text(value);
  }

  /** 32 bits as eight hex digits, with a dash after the first `dash` of them. */
  hex(bits: number, dash: number): void {
    for (let digit = 0; digit < 8; digit++) {
      if (digit === dash) this.byte(0x2d);
      this.byte(DIGITS[(bits >>> (28 - 4 * digit)) & 15]!);
    }
  }

  /** Four times 32 bits in a UUID's canonical form: 36 characters. */
  uuid(a: number, b: number, c: number, d: number): void {
    this.hex(a, 8);
    this.byte(0x2d);
    this.hex(b, 4);
    this.byte(0x2d);
    this.hex(c, 4);
    this.hex(d, 8);
  }
}

const DIGITS = Buffer.from('0123456789abcdef');

/** Bytes that are written many times are made once. */
export function piece(write: (bytes: Bytes) => void): Buffer {
  const bytes = new Bytes();
  write(bytes);
  return Buffer.from(bytes.buffer.subarray(0, bytes.at));
}
