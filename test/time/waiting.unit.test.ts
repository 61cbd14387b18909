import { describe, expect, test } from '@jest/globals';
import { wallClock } from '../../src/time/clock.ts';
import { Backoff, backoff, orAborted, within } from '../../src/time/waiting.ts';
import { VirtualClock } from '../processor/support/virtual-clock.ts';

const never = new Promise<string>(() => {});

describe('waiting for no longer than', () => {
  test('what is done in time is what comes', async () => {
    await expect(within(wallClock, 5_000, Promise.resolve('done'))).resolves.toBe('done');
    await expect(within(wallClock, 5_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  });

  test('null comes where it takes longer, or what is given instead', async () => {
    const clock = new VirtualClock(0);
    const [nothing, instead] = [within(clock, 100, never), within(clock, 200, never, () => 'late')];
    await clock.pass(100);
    await expect(nothing).resolves.toBeNull();
    await clock.pass(100);
    await expect(instead).resolves.toBe('late');
  });

  test('the signal ends it at once, also one that was aborted before', async () => {
    const closing = new AbortController();
    const ended = within(wallClock, 60_000, never, () => 'closed', closing.signal);
    closing.abort();
    await expect(ended).resolves.toBe('closed');
    await expect(within(wallClock, 60_000, never, () => 'closed', closing.signal)).resolves.toBe('closed');
    await expect(orAborted(never, closing.signal)).resolves.toBeNull();
  });
});

test('waits double up to the longest, and begin again', () => {
  expect([1, 2, 3, 6, 40].map((attempt) => backoff(attempt))).toEqual([100, 200, 400, 2_500, 2_500]);
  const waits = new Backoff({ first: 50, longest: 120 });
  expect([waits.next(), waits.next(), waits.next()]).toEqual([50, 100, 120]);
  waits.reset();
  expect(waits.next()).toBe(50);
});
