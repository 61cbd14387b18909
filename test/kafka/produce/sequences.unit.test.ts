import { expect, test } from '@jest/globals';
import { Sequences } from '../../../src/kafka/produce/sequences.ts';

test('sequence numbers of a partition go on at 0 behind the largest int32', () => {
  const sequences = new Sequences();
  expect(sequences.next('output', 0)).toBe(0);
  sequences.advance('output', 0, 2 ** 31 - 1);
  expect(sequences.next('output', 0)).toBe(2 ** 31 - 1);
  sequences.advance('output', 0, 3);
  expect(sequences.next('output', 0)).toBe(2);
  expect(sequences.next('output', 1)).toBe(0);
});
