import { expect, test } from '@jest/globals';
import { compare } from './compare.ts';
import { identity, inOrder, type Message, partitionOf, seal } from './messages.ts';

const message = (partition: number, input: number, sequence: number): Message => ({
  ...{ partition, key: null, value: `${input} ${sequence}` },
  headers: [
    ['tidemark-partition', String(input)],
    ['tidemark-sequence', String(sequence)],
  ],
});

const right = [message(0, 1, 1), message(0, 4, 1), message(1, 1, 2), message(0, 1, 3), seal(0), seal(1)];
const judged = (found: readonly Message[]) => compare('topic', inOrder(found), inOrder(right), identity);
const fine = { lost: 0, doubled: 0, different: 0, disordered: 0 };

test('messages of several input partitions may come in any order between them, and of one may not', () => {
  const [first, other, elsewhere, second, ...seals] = right as [Message, Message, Message, Message, Message, Message];
  expect(judged([first, second, other, elsewhere, ...seals])).toMatchObject(fine);
  expect(judged([elsewhere, other, first, second, ...seals])).toMatchObject(fine);
  expect(judged([second, first, other, elsewhere, ...seals])).toMatchObject({ ...fine, disordered: 1 });
});

test('a message is one wherever it lies: twice is twice in another partition too, and there alone it is different', () => {
  const moved = message(1, 1, 1);
  expect(judged([...right, moved])).toMatchObject({ ...fine, doubled: 1 });
  expect(judged([moved, ...right.slice(1)])).toMatchObject({ different: 1, lost: 0, doubled: 0 });
});

test('a message goes to its input partition where there are as many, else by key as producers in Java choose', () => {
  // What Kafka's own Utils.murmur2 gives of these keys.
  expect(partitionOf(Buffer.from('21'), 5, 6, 1_000)).toBe((-973932308 & 0x7fffffff) % 1_000);
  expect(partitionOf(Buffer.from('foobar'), 5, 6, 1_000)).toBe((-790332482 & 0x7fffffff) % 1_000);
  expect(partitionOf(Buffer.from('21'), 5, 6, 6)).toBe(5);
  expect(partitionOf(null, 5, 6, 3)).toBe(2);
});
