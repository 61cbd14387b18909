/** KafkaJS brings gzip alone: a topic with any other compression would stop the consumer. */
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { lz4Frames, zstdFrames } from './frames.ts';
import { compressXerial, decompressXerial } from './xerial.ts';

const { CompressionCodecs, CompressionTypes } = kafkajs;

interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(data: Buffer): Promise<Buffer>;
}

const zstd = promisify(zstdCompress);
const unzstd = promisify(zstdDecompress);

const snappy: Codec = {
  compress: async ({ buffer }) => compressXerial(buffer),
  decompress: async (data) => decompressXerial(data),
};

const lz4: Codec = {
  compress: ({ buffer }) => compressFrame(buffer),
  decompress: (data) => each(lz4Frames(data), decompressFrame),
};

const zstandard: Codec = {
  compress: ({ buffer }) => zstd(buffer),
  decompress: (data) => each(zstdFrames(data), unzstd),
};

async function each(frames: readonly Buffer[], decompress: (frame: Buffer) => Promise<Buffer>): Promise<Buffer> {
  const [first, ...rest] = frames;
  if (first !== undefined && rest.length === 0) return await decompress(first);
  return Buffer.concat(await Promise.all(frames.map((frame) => decompress(frame))));
}

/** Teaches KafkaJS snappy, lz4 and zstd, for the whole process. */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = () => snappy;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstandard;
}
