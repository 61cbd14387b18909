import { expect, test } from '@jest/globals';
import type { Emission } from '../../src/core/changes.ts';
import { Dues, dueOf } from '../../src/processor/due.ts';

const ended = (decidedAt: number, retracted = false) =>
  ({ kind: 'output', message: { decidedAt, retracted } }) as unknown as Emission<unknown>;
const dead = { kind: 'dead-letter' } as unknown as Emission<unknown>;

test('what was due are the ends that are given out: no retraction, and nothing that is set aside', () => {
  expect([ended(5), dead, ended(6, true), ended(7)].map(dueOf)).toEqual([5, null, null, 7]);
});

test('each end is measured once, when its whole row is out, however far the publisher gets at a time', () => {
  const dues = new Dues();
  dues.add(3, [10, 11]);
  dues.add(5, []);
  dues.add(8, [20]);
  expect(dues.removeUpTo(2)).toEqual([]);
  expect(dues.removeUpTo(5)).toEqual([10, 11]);
  expect(dues.removeUpTo(7)).toEqual([]);
  dues.add(9, [30]);
  expect(dues.removeUpTo(9)).toEqual([20, 30]);
  expect(dues.removeUpTo(9)).toEqual([]);
});
