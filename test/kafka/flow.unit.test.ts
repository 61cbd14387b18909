import { describe, expect, jest, test } from '@jest/globals';
import { Flow } from '../../src/kafka/flow.ts';
import type { RecordBatch } from '../../src/ports/log.ts';

const batch = (from: number, next: number): RecordBatch => ({
  partition: 0,
  from,
  next,
  records: [],
  highWatermark: next,
});
const open = new AbortController().signal;
const at = (once: Promise<boolean>) => async () => await once;

function made() {
  const wake = jest.fn();
  const flow = new Flow(0, wake);
  const taken = Promise.withResolvers<boolean>();
  return { wake, flow, taken };
}

describe('the flow of a partition', () => {
  test('lets nothing out before it is sought and resumed, nor what does not chain', async () => {
    const { flow } = made();
    flow.resume();
    expect([flow.isReady, flow.expects(0)]).toEqual([false, false]);
    flow.seek(5);
    expect([flow.expects(5), flow.expects(4), flow.expects(6)]).toEqual([true, false, false]);
    const give = jest.fn(async () => true);
    expect(await flow.deliver(batch(4, 9), give, open)).toBe(false);
    expect(await flow.deliver(batch(5, 9), give, open)).toBe(true);
    expect(give).toHaveBeenCalledTimes(1);
    expect(flow.position).toBe(9);
    flow.pause();
    expect(flow.expects(9)).toBe(false);
  });

  test('tells whenever there may be something to read again', () => {
    const { flow, wake } = made();
    flow.seek(0);
    flow.resume();
    const goOn = flow.block();
    expect(wake).toHaveBeenCalledTimes(2);
    goOn(3);
    expect(wake).toHaveBeenCalledTimes(3);
    expect([flow.isReady, flow.position]).toEqual([true, 3]);
  });

  test('gives the same records out once, however many brokers were asked for them', async () => {
    const { flow, taken } = made();
    flow.seek(0);
    flow.resume();
    const give = jest.fn(at(taken.promise));
    const first = flow.deliver(batch(0, 3), give, open);
    expect(flow.isReady).toBe(false);
    expect(await flow.deliver(batch(0, 9), give, open)).toBe(false);
    expect(flow.moved(0, 9)).toBe(false);
    taken.resolve(true);
    expect(await first).toBe(true);
    expect(await flow.deliver(batch(0, 9), give, open)).toBe(false);
    expect(give).toHaveBeenCalledTimes(1);
    expect([flow.isReady, flow.position]).toEqual([true, 3]);
  });

  test('goes on by itself behind a batch that took long', async () => {
    jest.useFakeTimers();
    const { flow, wake, taken } = made();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(batch(0, 3), at(taken.promise), open);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await delivered).toBe(false);
    expect(flow.expects(0)).toBe(false);
    wake.mockClear();
    taken.resolve(true);
    await jest.advanceTimersByTimeAsync(0);
    expect(wake).toHaveBeenCalledTimes(1);
    expect(flow.expects(3)).toBe(true);
    jest.useRealTimers();
  });

  test('forgets a late answer once it is sought, ended or refused', async () => {
    for (const change of ['seek', 'end', 'refuse'] as const) {
      jest.useFakeTimers();
      const { flow, wake, taken } = made();
      flow.seek(0);
      flow.resume();
      const delivered = flow.deliver(batch(0, 3), at(taken.promise), open);
      await jest.advanceTimersByTimeAsync(2_000);
      await delivered;
      if (change === 'seek') flow.seek(1);
      if (change === 'end') flow.end();
      wake.mockClear();
      taken.resolve(change !== 'refuse');
      await jest.advanceTimersByTimeAsync(0);
      expect(wake).not.toHaveBeenCalled();
      expect(flow.expects(3)).toBe(false);
      expect(flow.expects(1)).toBe(change === 'seek');
      jest.useRealTimers();
    }
  });

  test('a seek while a batch is in work wins over its end', async () => {
    const { flow, taken } = made();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(batch(0, 3), at(taken.promise), open);
    flow.seek(1);
    expect(flow.expects(1)).toBe(true);
    taken.resolve(true);
    expect(await delivered).toBe(false);
    expect(flow.position).toBe(1);
  });

  test('closing ends the wait at once', async () => {
    const { flow, taken } = made();
    const closing = new AbortController();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(batch(0, 3), at(taken.promise), closing.signal);
    closing.abort();
    expect(await delivered).toBe(false);
  });

  test('a partition that was paused while it was blocked stays paused when the block ends', () => {
    const { flow } = made();
    flow.seek(0);
    flow.resume();
    const goOn = flow.block();
    flow.pause();
    goOn(7);
    expect(flow.expects(7)).toBe(false);
    flow.resume();
    expect(flow.expects(7)).toBe(true);
  });

  test('moves over what nobody is to see only from its own position, and not while a batch is in work', () => {
    const { flow } = made();
    flow.seek(3);
    flow.resume();
    expect(flow.moved(2, 9)).toBe(false);
    expect(flow.moved(3, 5)).toBe(true);
    expect(flow.position).toBe(5);
    flow.block();
    expect(flow.moved(5, 9)).toBe(false);
    expect(flow.position).toBe(5);
  });
});
