/**
 * Where the frames of compressed bytes begin and end. Brokers and other clients read a batch that is several frames, or
 * has frames to be skipped among them; Node's zstd and lz4-napi read the first one and leave out the rest without a
 * word.
 *
 * Sources: RFC 8878 (zstd), and lz4's description of its frames.
 */

const ZSTD = 0xfd2fb528;
const LZ4 = 0x184d2204;
/** Magic of frames to be skipped, in both formats: the last four bits are free. */
const SKIPPED = 0x184d2a50;

/** The frames, in order, without those to be skipped. @throws where one is cut off, or is none */
export function zstdFrames(data: Buffer): Buffer[] {
  return framesOf(data, 'zstd', ZSTD, endOfZstd);
}

/** The same of lz4. */
export function lz4Frames(data: Buffer): Buffer[] {
  return framesOf(data, 'lz4', LZ4, endOfLz4);
}

function framesOf(data: Buffer, format: string, magic: number, endOf: (data: Buffer, at: number) => number): Buffer[] {
  const frames: Buffer[] = [];
  let at = 0;
  while (at < data.length) {
    const found = at + 4 <= data.length ? data.readUInt32LE(at) : 0;
    const isSkipped = (found & ~0xf) >>> 0 === SKIPPED;
    if (found !== magic && !isSkipped) throw new Error(`at byte ${at} of ${data.length} no frame of ${format} begins`);
    let end: number;
    try {
      end = isSkipped ? at + 8 + data.readUInt32LE(at + 4) : endOf(data, at + 4);
    } catch {
      // Read past the end.
      end = Number.POSITIVE_INFINITY;
    }
    if (end > data.length) throw new Error(`a frame of ${format} at byte ${at} of ${data.length} is cut off`);
    if (!isSkipped) frames.push(data.subarray(at, end));
    at = end;
  }
  return frames;
}

/** @param at behind the magic number */
function endOfZstd(data: Buffer, at: number): number {
  const descriptor = data.readUInt8(at);
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const contentSize = sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag;
  const dictionaryId = [0, 1, 2, 4][descriptor & 3]!;
  const checksum = (descriptor & 4) !== 0 ? 4 : 0;
  let next = at + 1 + (isSingle ? 0 : 1) + dictionaryId + contentSize;
  for (let isLast = false; !isLast; ) {
    const header = data.readUIntLE(next, 3);
    isLast = (header & 1) === 1;
    // A block of one repeated byte takes one; any other takes its size.
    next += 3 + (((header >>> 1) & 3) === 1 ? 1 : header >>> 3);
  }
  return next + checksum;
}

/** @param at behind the magic number */
function endOfLz4(data: Buffer, at: number): number {
  const flags = data.readUInt8(at);
  const [contentSize, dictionaryId] = [(flags & 8) !== 0 ? 8 : 0, (flags & 1) !== 0 ? 4 : 0];
  const [blockChecksum, contentChecksum] = [(flags & 0x10) !== 0 ? 4 : 0, (flags & 4) !== 0 ? 4 : 0];
  // Flags, the size of blocks, and the checksum of the header.
  let next = at + 2 + contentSize + dictionaryId + 1;
  for (;;) {
    // The highest bit: it is not compressed.
    const size = data.readUInt32LE(next) & 0x7fffffff;
    next += 4;
    if (size === 0) return next + contentChecksum;
    next += size + blockChecksum;
  }
}
