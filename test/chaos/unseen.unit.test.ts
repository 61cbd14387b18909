import { expect, test } from '@jest/globals';
import { SEEN_WITHIN, Unseen } from './unseen.ts';

/** Looks once a second. @returns what was found, and when. */
function looks(unseen: Unseen, from: number, to: number, wentOn: readonly number[], isLit = false): string[] {
  const found: string[] = [];
  for (let now = from; now <= to; now += 1_000)
    for (const partition of unseen.look(wentOn, isLit, now)) found.push(`${partition} at ${now}`);
  return found;
}

test('a partition that stands still while all lights are green is found once, and again when it stands still again', () => {
  const unseen = new Unseen(0);
  expect(looks(unseen, 1_000, 90_000, [0, 5_000])).toEqual([`0 at ${SEEN_WITHIN}`, `1 at ${SEEN_WITHIN + 5_000}`]);
  expect(looks(unseen, 91_000, 150_000, [90_500, 5_000])).toEqual(['0 at 121000']);
});

test('what goes on is not found', () => {
  const unseen = new Unseen(0);
  for (let now = 1_000; now < 90_000; now += 1_000) expect(unseen.look([now - 500], false, now)).toEqual([]);
});

test('what a light tells of is seen, and has its time again when all are green', () => {
  const unseen = new Unseen(0);
  expect(looks(unseen, 1_000, 60_000, [0], true)).toEqual([]);
  // Nobody knows when in that second it became green.
  expect(looks(unseen, 61_000, 120_000, [0])).toEqual(['0 at 91000']);
});

test('a light that blinks hides nothing', () => {
  const unseen = new Unseen(0);
  expect(looks(unseen, 1_000, 20_000, [0])).toEqual([]);
  expect(looks(unseen, 21_000, 21_000, [0], true)).toEqual([]);
  expect(looks(unseen, 22_000, 60_000, [0])).toEqual(['0 at 32000']);
});

test('while the machine stood still nobody looked', () => {
  const unseen = new Unseen(0);
  expect(looks(unseen, 1_000, 10_000, [0])).toEqual([]);
  expect(unseen.look([0], false, 60_000)).toEqual([]);
  expect(looks(unseen, 61_000, 90_000, [0])).toEqual(['0 at 80000']);
});
