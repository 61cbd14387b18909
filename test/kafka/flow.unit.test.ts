import { describe, expect, jest, test } from '@jest/globals';
import { Flow, type Reader } from '../../src/kafka/flow.ts';
import type { RecordBatch } from '../../src/processor/ports.ts';

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
  const calls: string[] = [];
  const reader: Reader = {
    seek: (_, offset) => calls.push(`seek ${offset}`),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  };
  const flow = new Flow(0, reader);
  const beats = jest.fn(async () => {});
  const taken = Promise.withResolvers<boolean>();
  return { calls, flow, beats, taken };
}

describe('the flow of a partition', () => {
  test('lets nothing out before it is sought and resumed, nor what does not chain', async () => {
    const { flow, beats, calls } = made();
    expect(calls).toEqual(['pause']);
    flow.resume();
    expect(flow.expects(0)).toBe(false);
    flow.seek(5);
    expect([flow.expects(5), flow.expects(4), flow.expects(6)]).toEqual([true, false, false]);
    const give = jest.fn(async () => true);
    expect(await flow.deliver(batch(4, 9), give, beats, open)).toBe(false);
    expect(await flow.deliver(batch(5, 9), give, beats, open)).toBe(true);
    expect(give).toHaveBeenCalledTimes(1);
    expect(flow.position).toBe(9);
    flow.pause();
    expect(flow.expects(9)).toBe(false);
  });

  test('goes on by itself behind a batch that took long, and beats meanwhile', async () => {
    jest.useFakeTimers();
    const { flow, beats, calls, taken } = made();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(batch(0, 3), at(taken.promise), beats, open);
    await jest.advanceTimersByTimeAsync(500);
    expect(beats).toHaveBeenCalledTimes(1);
    await jest.advanceTimersByTimeAsync(1_500);
    expect(await delivered).toBe(false);
    expect(calls.at(-1)).toBe('pause');
    expect(flow.expects(0)).toBe(false);
    taken.resolve(true);
    await jest.advanceTimersByTimeAsync(0);
    expect(calls.slice(-2)).toEqual(['seek 3', 'resume']);
    expect(flow.expects(3)).toBe(true);
    jest.useRealTimers();
  });

  test('forgets a late answer once it is sought, ended or refused', async () => {
    for (const change of ['seek', 'end', 'refuse'] as const) {
      jest.useFakeTimers();
      const { flow, beats, calls, taken } = made();
      flow.seek(0);
      flow.resume();
      const delivered = flow.deliver(batch(0, 3), at(taken.promise), beats, open);
      await jest.advanceTimersByTimeAsync(2_000);
      await delivered;
      if (change === 'seek') flow.seek(1);
      if (change === 'end') flow.end();
      const before = calls.length;
      taken.resolve(change !== 'refuse');
      await jest.advanceTimersByTimeAsync(0);
      expect(calls).toHaveLength(before);
      expect(flow.expects(3)).toBe(false);
      expect(flow.expects(1)).toBe(change === 'seek');
      jest.useRealTimers();
    }
  });

  test('a seek while a batch is in work wins over its end', async () => {
    const { flow, beats, taken } = made();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(batch(0, 3), at(taken.promise), beats, open);
    flow.seek(1);
    taken.resolve(true);
    expect(await delivered).toBe(false);
    expect(flow.position).toBe(1);
  });

  test('a heartbeat that fails does not have the batch delivered again: it blocks until the batch is taken', async () => {
    jest.useFakeTimers();
    const { flow, calls, taken } = made();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(
      batch(0, 3),
      at(taken.promise),
      () => Promise.reject(new Error('rebalancing')),
      open,
    );
    const failed = expect(delivered).rejects.toThrow('rebalancing');
    await jest.advanceTimersByTimeAsync(1_000);
    await failed;
    expect(flow.expects(0)).toBe(false);
    taken.resolve(true);
    await jest.advanceTimersByTimeAsync(0);
    expect(calls.slice(-2)).toEqual(['seek 3', 'resume']);
    jest.useRealTimers();
  });

  test('closing ends the wait at once', async () => {
    const { flow, beats, taken } = made();
    const closing = new AbortController();
    flow.seek(0);
    flow.resume();
    const delivered = flow.deliver(batch(0, 3), at(taken.promise), beats, closing.signal);
    closing.abort();
    expect(await delivered).toBe(false);
    expect(beats).not.toHaveBeenCalled();
  });

  test('a partition that was paused while it was blocked stays paused when the block ends', () => {
    const { flow, calls } = made();
    flow.seek(0);
    flow.resume();
    const goOn = flow.block();
    flow.pause();
    goOn(7);
    expect(calls.at(-1)).toBe('seek 7');
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
