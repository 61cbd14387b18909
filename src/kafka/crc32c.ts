/**
 * CRC-32C, which record batches carry; Node's zlib has another polynomial. Sixteen tables, so that sixteen bytes are
 * looked up at once: measured 0.7 ns a byte, 0.9 with eight.
 */
const POLYNOMIAL = 0x82f63b78;

/** The effect of a byte on the checksum, by how many bytes follow it: 0 to 15. */
const [T0, T1, T2, T3, T4, T5, T6, T7, T8, T9, TA, TB, TC, TD, TE, TF] = tables() as unknown as Sixteen;
type Sixteen = readonly [T, T, T, T, T, T, T, T, T, T, T, T, T, T, T, T];
type T = Int32Array;

function tables(): Int32Array[] {
  const all = [Int32Array.from({ length: 256 }, (_, byte) => shifted(byte))];
  while (all.length < 16) all.push(all.at(-1)!.map((crc) => all[0]![crc & 0xff]! ^ (crc >>> 8)));
  return all;
}

function shifted(byte: number): number {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
  return crc;
}

/** The checksum of the bytes from `start` up to, not including, `end`. */
export function crc32c(b: Uint8Array, start: number, end: number): number {
  let crc = -1;
  let i = start;
  for (; i + 16 <= end; i += 16) {
    crc =
      TF[(crc ^ b[i]!) & 0xff]! ^
      TE[((crc >>> 8) ^ b[i + 1]!) & 0xff]! ^
      TD[((crc >>> 16) ^ b[i + 2]!) & 0xff]! ^
      TC[(crc >>> 24) ^ b[i + 3]!]! ^
      TB[b[i + 4]!]! ^
      TA[b[i + 5]!]! ^
      T9[b[i + 6]!]! ^
      T8[b[i + 7]!]! ^
      T7[b[i + 8]!]! ^
      T6[b[i + 9]!]! ^
      T5[b[i + 10]!]! ^
      T4[b[i + 11]!]! ^
      T3[b[i + 12]!]! ^
      T2[b[i + 13]!]! ^
      T1[b[i + 14]!]! ^
      T0[b[i + 15]!]!;
  }
  for (; i < end; i += 1) crc = T0[(crc ^ b[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
