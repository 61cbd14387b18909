import { describe, expect, test } from '@jest/globals';
import { partitionFor } from '../../src/kafka/layout.ts';
import { headerList } from '../../src/kafka/records.ts';
import type { OutMessage } from '../../src/ports/output.ts';

const message = (sequence: number, more: Partial<OutMessage> = {}): OutMessage => ({
  topic: 'output',
  sequence,
  key: null,
  value: Buffer.alloc(100),
  headers: [],
  ...more,
});

describe('where a message goes', () => {
  const layout = (output: number) => ({ inputPartitions: 6, partitions: new Map([['output' as const, output]]) });

  test('is the partition of the input where there are as many', () => {
    expect(partitionFor(message(0, { key: Buffer.from('foobar') }), 4, layout(6))).toBe(4);
  });

  test('is where a Java producer would send its key, else', () => {
    // From Kafka's own test of its murmur2.
    const hashes: [string, number][] = [
      ['21', -973932308],
      ['foobar', -790332482],
      ['a-little-bit-long-string', -985981536],
      ['a-little-bit-longer-string', -1486304829],
      ['abc', 479470107],
    ];
    for (const [key, hash] of hashes) {
      expect(partitionFor(message(0, { key: Buffer.from(key) }), 4, layout(7))).toBe((hash & 0x7fffffff) % 7);
    }
  });

  test('without a key depends on the input partition alone', () => {
    expect(partitionFor(message(0), 4, layout(3))).toBe(1);
  });
});

describe('headers', () => {
  test('as KafkaJS decodes them lose what it finds in every object', () => {
    const given = { constructor: [Object, Buffer.from('1')], empty: null, ['__proto__']: [{}, Buffer.from('2')] };
    expect(headerList(given as never)).toEqual([
      ['constructor', Buffer.from('1')],
      ['empty', Buffer.alloc(0)],
      ['__proto__', Buffer.from('2')],
    ]);
  });
});
