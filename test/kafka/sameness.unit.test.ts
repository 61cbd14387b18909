import { describe, expect, test } from '@jest/globals';
import { Sameness } from '../../src/kafka/sameness.ts';

/** Reads batches of these leaders' epochs, one after the other, as long as none has to wait. */
function read(of: Sameness, ...epochs: (number | null)[]): boolean[] {
  return epochs.map((epoch) => {
    const waits = of.examine(epoch);
    if (!waits) of.read(epoch);
    return waits;
  });
}

describe('whether a log goes on from what was read of it', () => {
  test('is no question under one leader, nor of batches that do not say', () => {
    expect(read(new Sameness(), 3, 3, null, 3)).toEqual([false, false, false, false]);
  });

  test.each([4, 2])('is one under a leader of epoch %i after 3, until what was read is compared', (epoch) => {
    const log = new Sameness();
    expect(read(log, 3, epoch, epoch)).toEqual([false, true, true]);
    log.begin();
    expect(read(log, 3, ...(epoch > 3 ? [epoch, epoch] : []))).toEqual(epoch > 3 ? [false, false, false] : [false]);
  });

  test('is asked once more under each leader after that one', () => {
    const log = new Sameness();
    read(log, 3, 5);
    log.begin();
    expect(read(log, 3, 4, 5, 6)).toEqual([false, false, false, true]);
  });

  test('is one whatever comes, where the broker has questioned it', () => {
    const log = new Sameness();
    read(log, 3);
    log.question();
    expect(read(log, 3, null)).toEqual([true, true]);
    log.begin();
    expect(read(log, 3, 3)).toEqual([false, false]);
  });
});
