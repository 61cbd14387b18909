import { expect, test } from '@jest/globals';
import { Unseen } from './unseen.ts';

test('a partition that stands still while all lights are green is found once, and again when it stands still again', () => {
  const unseen = new Unseen(0);
  expect(unseen.look([], false, 10_000)).toEqual([]);
  expect(unseen.look([2], false, 40_000)).toEqual([2]);
  expect(unseen.look([2, 5], false, 41_000)).toEqual([5]);
  expect(unseen.look([5], false, 42_000)).toEqual([]);
  expect(unseen.look([2, 5], false, 90_000)).toEqual([2]);
});

test('what a light tells of, or told of a moment ago, is seen', () => {
  const unseen = new Unseen(0);
  expect(unseen.look([2], true, 40_000)).toEqual([]);
  expect(unseen.look([2], false, 45_000)).toEqual([]);
  expect(unseen.look([2], false, 45_001)).toEqual([2]);
});
