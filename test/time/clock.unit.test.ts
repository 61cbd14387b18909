import { expect, test } from '@jest/globals';
import { wallClock } from '../../src/time/clock.ts';

test('sleeping for no time lets what else can run have its turn, and no promise hold it up', async () => {
  let turns = 0;
  setImmediate(() => {
    turns += 1;
  });
  await Promise.resolve();
  expect(turns).toBe(0);
  await wallClock.sleep(0);
  expect(turns).toBe(1);
  await wallClock.sleep(0, AbortSignal.abort());
});
