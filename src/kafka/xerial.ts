/**
 * Snappy as Java's producers write it: blocks behind a header of snappy-java's own, each with its length. Other
 * producers (librdkafka) write one bare block; both are read, and the framed form is written.
 */
import { compressSync, uncompressSync } from 'snappy';

const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
/** The magic, then version and lowest compatible version, four bytes each. */
const HEADER_BYTES = 16;
/** snappy-java's own block size. */
const BLOCK_BYTES = 32 * 1024;

export function compressXerial(data: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeInt32BE(1, 8);
  header.writeInt32BE(1, 12);
  const parts: Buffer[] = [header];
  for (let at = 0; at < data.length; at += BLOCK_BYTES) {
    const block = compressSync(data.subarray(at, at + BLOCK_BYTES));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

export function decompressXerial(data: Buffer): Buffer {
  if (!data.subarray(0, MAGIC.length).equals(MAGIC)) return block(data);
  const parts: Buffer[] = [];
  let at = HEADER_BYTES;
  while (at < data.length) {
    // Another stream behind the first, as snappy-java reads them.
    if (data.subarray(at, at + MAGIC.length).equals(MAGIC)) {
      at += HEADER_BYTES;
      continue;
    }
    const start = at + 4;
    const end = start + (start <= data.length ? data.readInt32BE(at) : 0);
    if (end <= start || end > data.length) throw new Error(`a snappy block at byte ${at} of ${data.length} is cut off`);
    parts.push(block(data.subarray(start, end)));
    at = end;
  }
  return Buffer.concat(parts);
}

function block(data: Buffer): Buffer {
  return uncompressSync(data) as Buffer;
}
