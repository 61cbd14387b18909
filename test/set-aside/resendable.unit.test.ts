import { describe, expect, test } from '@jest/globals';
import { setAsideOf } from '../../src/set-aside/record.ts';
import { type InputTopic, resendable } from '../../src/set-aside/resendable.ts';
import { readRecordBody } from '../../src/wire/record-body.ts';

const INPUT: InputTopic = { topic: 'tracks', format: 'tracardi', partitions: 4, maxBytes: 1_000_000 };

function deadLetter(value: string | Buffer | null, headers: Record<string, string> = {}) {
  const all = {
    'tidemark-topic': 'tracks',
    'tidemark-partition': '2',
    'tidemark-offset': '17',
    'tidemark-timestamp': '1700',
    ...headers,
  };
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return setAsideOf(2, {
    offset: 5,
    timestamp: 1_800,
    key: Buffer.from('s'),
    value: bytes,
    headers: Object.entries(all).map(([name, text]) => [name, Buffer.from(text)] as const),
  });
}

function sent(record: ReturnType<typeof deadLetter>, input = INPUT) {
  const found = resendable(record, input);
  if ('refused' in found) throw new Error(found.refused);
  const { value, headers } = readRecordBody(found.recordBody, 0, found.recordBody.length);
  return { value: value?.toString() ?? null, headers: headers.map(([name, bytes]) => `${name}: ${bytes}`) };
}

const payload = (events: unknown) => JSON.stringify({ session: { id: 's' }, events, big: 9_007_199_254_740_991 });

describe("of Tracardi's payload the retry holds", () => {
  test('the one event that was set aside, where the others were folded', () => {
    const record = deadLetter(payload([{ type: 'a' }, { type: 'b', x: 1 }]), { 'tidemark-index': '1' });
    expect(JSON.parse(sent(record).value!)).toEqual(JSON.parse(payload([{ type: 'b', x: 1 }])));
    expect(sent(record).headers).toContain('tidemark-retry-of: 2:17:1');
  });

  test.each([
    ['it has one event', payload([{ type: 'a' }])],
    ['it has none', payload([])],
    ['none of it could be read', payload('no list')],
    ['it has more events than are taken', payload(Array.from({ length: 1_001 }, () => ({ type: 'a' })))],
    ['its session is none, for all of them', JSON.stringify({ session: 7, events: [{ type: 'a' }, { type: 'b' }] })],
    ['it is not JSON', '{'],
  ])('all of it, as it came, where %s', (_, value) => {
    expect(sent(deadLetter(value, { 'tidemark-index': '0' })).value).toBe(value);
  });
});

test('what an input of another format has is sent as it came, whatever is in it', () => {
  const value = payload([{ type: 'a' }, { type: 'b' }]);
  expect(sent(deadLetter(value), { ...INPUT, format: 'json' }).value).toBe(value);
  expect(sent(deadLetter(null), { ...INPUT, format: 'avro' }).value).toBeNull();
});

test.each([
  [{}, '1700'],
  [{ 'tidemark-received-at': '42' }, '42'],
  // With this header it would be refused again.
  [{ 'tidemark-received-at': 'yesterday' }, '1700'],
])('it first came when %j says', (headers, at) => {
  expect(sent(deadLetter('x', headers)).headers).toEqual([`tidemark-received-at: ${at}`, 'tidemark-retry-of: 2:17:0']);
});

test('what the input would not take with two more headers is refused, and what it takes is not', () => {
  const { recordBody } = resendable(deadLetter('x'), INPUT) as { recordBody: Buffer };
  expect(resendable(deadLetter('x'), { ...INPUT, maxBytes: recordBody.length + 100 })).toHaveProperty('recordBody');
  expect(resendable(deadLetter('x'), { ...INPUT, maxBytes: recordBody.length + 99 })).toHaveProperty('refused');
});
