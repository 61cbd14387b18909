import { describe, expect, test } from '@jest/globals';
import { partitionFor } from '../../src/kafka/layout.ts';
import { headerList, headerObject } from '../../src/kafka/records.ts';
import { recordBytes, split } from '../../src/kafka/split.ts';
import type { OutMessage } from '../../src/processor/ports.ts';

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

describe('splitting what is sent', () => {
  const sizes = (requests: OutMessage[][]) => requests.map((request) => request.length);

  test('keeps the order, and every message once', () => {
    const messages = Array.from({ length: 2_500 }, (_, i) => message(i, { value: Buffer.alloc((i * 7_919) % 3_000) }));
    const requests = split(messages, 20_000);
    expect(requests.flat()).toEqual(messages);
    for (const request of requests) {
      expect(request.reduce((sum, each) => sum + recordBytes(each), 0)).toBeLessThanOrEqual(20_000);
    }
  });

  test('by number too, and sends what is too large alone', () => {
    expect(
      sizes(
        split(
          Array.from({ length: 2_001 }, (_, i) => message(i)),
          1 << 20,
        ),
      ),
    ).toEqual([1_000, 1_000, 1]);
    const large = message(1, { value: Buffer.alloc(2_000_000) });
    expect(sizes(split([message(0), large, message(2)], 1 << 20))).toEqual([1, 1, 1]);
    expect(split([], 100)).toEqual([]);
  });
});

describe('headers', () => {
  test('of one name stay together and in order; names that every object has are names like others', () => {
    const headers: [string, Buffer][] = [
      ['b', Buffer.from('1')],
      ['toString', Buffer.from('2')],
      ['b', Buffer.from('3')],
      ['__proto__', Buffer.from('4')],
      ['b', Buffer.from('5')],
    ];
    const back = headerList(headerObject(headers));
    expect(back.map(([name, value]) => `${name}${value}`)).toEqual(['b1', 'b3', 'b5', 'toString2', '__proto__4']);
  });

  test('as KafkaJS decodes them lose what it finds in every object', () => {
    const given = { constructor: [Object, Buffer.from('1')], empty: null, ['__proto__']: [{}, Buffer.from('2')] };
    expect(headerList(given as never)).toEqual([
      ['constructor', Buffer.from('1')],
      ['empty', Buffer.alloc(0)],
      ['__proto__', Buffer.from('2')],
    ]);
  });
});
