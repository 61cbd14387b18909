import { gzipSync, constants as zlib, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { compressFrameSync } from 'lz4-napi';
import { registerCodecs } from '../../src/kafka/codecs.ts';
import { lz4Frames, zstdFrames } from '../../src/kafka/frames.ts';
import { compressXerial } from '../../src/kafka/xerial.ts';

registerCodecs();

/** By the number in a batch's attributes. */
async function unpacked(codec: 1 | 2 | 3 | 4, data: Buffer): Promise<string> {
  const codecs = kafkajs.CompressionCodecs as unknown as Record<
    number,
    () => { decompress(data: Buffer): Promise<Buffer> }
  >;
  return String(await codecs[codec]!().decompress(data));
}

/** Of a length that both formats have skipped. */
const skipped = (bytes: number) => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0x184d2a57);
  head.writeUInt32LE(bytes, 4);
  return Buffer.concat([head, Buffer.alloc(bytes, 7)]);
};

const withChecksum = { params: { [zlib.ZSTD_c_checksumFlag]: 1 } };
const compressors: [name: string, codec: 1 | 2 | 3 | 4, skips: boolean, compress: (plain: Buffer) => Buffer][] = [
  ['gzip', 1, false, (plain) => gzipSync(plain)],
  ['snappy', 2, false, compressXerial],
  ['lz4', 3, true, (plain) => compressFrameSync(plain)],
  ['zstd', 4, true, (plain) => zstdCompressSync(plain)],
  ['zstd with a checksum', 4, true, (plain) => zstdCompressSync(plain, withChecksum)],
];

describe.each(compressors)('%s', (_, codec, skips, compress) => {
  // Also some that is stored as it is, some that repeats one byte, and more than one block of it.
  const part = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    fc.nat(400_000).map((length) => 'a'.repeat(length)),
  );

  test('is read to its end, in however many pieces it was written', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), fc.nat(9), async (parts, between) => {
        const gap = skips ? skipped(between) : Buffer.alloc(0);
        const data = Buffer.concat(parts.flatMap((one) => [gap, compress(Buffer.from(one)), gap]));
        expect(await unpacked(codec, data)).toBe(parts.join(''));
      }),
      { numRuns: 100 },
    );
  });

  test('that is cut off anywhere is an error', async () => {
    const data = Buffer.concat([compress(Buffer.from('one'.repeat(9))), compress(Buffer.from('two'))]);
    const whole = compress(Buffer.from('one'.repeat(9))).length;
    for (let end = 1; end < data.length; end += 1) {
      // What ends with the first piece is whole, and snappy's header without blocks is nothing.
      if (end === whole || (codec === 2 && end - whole >= 8 && end - whole <= 16)) continue;
      if (codec === 2 && end >= 8 && end <= 16) continue;
      await expect(unpacked(codec, data.subarray(0, end))).rejects.toThrow();
    }
  });
});

test.each([
  ['lz4', lz4Frames],
  ['zstd', zstdFrames],
])('bytes that are no frame of %s are named by where they begin', (name, frames) => {
  expect(() => frames(Buffer.concat([skipped(3), Buffer.from('plain text')]))).toThrow(
    `at byte 11 of 21 no frame of ${name} begins`,
  );
});
