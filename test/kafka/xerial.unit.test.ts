import { describe, expect, test } from '@jest/globals';
import { compressSync } from 'snappy';
import { compressXerial, decompressXerial } from '../../src/kafka/xerial.ts';

describe('snappy', () => {
  const data = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) % 251));

  test('in blocks comes back as it was, whatever its length', () => {
    for (const length of [0, 1, 32 * 1024, 32 * 1024 + 1, data.length]) {
      expect(decompressXerial(compressXerial(data.subarray(0, length)))).toEqual(data.subarray(0, length));
    }
  });

  test('as one bare block, as librdkafka writes it, is read', () => {
    expect(decompressXerial(compressSync(data))).toEqual(data);
  });

  test('that is cut off is an error, not a shorter record', () => {
    const whole = compressXerial(data);
    for (const length of [whole.length - 1, 18, 30]) {
      expect(() => decompressXerial(whole.subarray(0, length))).toThrow();
    }
  });
});
