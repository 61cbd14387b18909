import kafkajs from 'kafkajs';
import { registerCodecs } from '../../../src/kafka/codecs.ts';

export type Codec = 0 | 1 | 2 | 3 | 4;

interface Compressor {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
}

registerCodecs();

const of = (codec: 1 | 2 | 3 | 4) => ({
  compress: (plain: Buffer): Promise<Buffer> =>
    (kafkajs.CompressionCodecs[codec] as unknown as () => Compressor)().compress({ buffer: plain }),
});

/** What KafkaJS compresses with once ours are registered, by the number in a batch's attributes. */
export const codecs = { 1: of(1), 2: of(2), 3: of(3), 4: of(4) } as const;
