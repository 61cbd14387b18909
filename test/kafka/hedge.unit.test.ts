import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { firstAnswer } from '../../src/kafka/hedge.ts';

const no = () => false;

describe('asking one after the other', () => {
  let asked: string[];
  const answers = new Map<string, PromiseWithResolvers<string>>();
  const ask = (who: string) => {
    asked.push(who);
    const answer = Promise.withResolvers<string>();
    answers.set(who, answer);
    return answer.promise;
  };
  beforeEach(() => {
    asked = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('asks nobody else where the first answers in time', async () => {
    const first = firstAnswer(['a', 'b'], ask, 1_000, no);
    await jest.advanceTimersByTimeAsync(999);
    answers.get('a')!.resolve('yes');
    expect(await first).toBe('yes');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(asked).toEqual(['a']);
  });

  test('asks the next beside one that is silent, and takes whichever answers', async () => {
    const first = firstAnswer(['a', 'b', 'c'], ask, 1_000, no);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(asked).toEqual(['a', 'b']);
    answers.get('a')!.resolve('late');
    expect(await first).toBe('late');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(asked).toEqual(['a', 'b']);
  });

  test('asks the next at once where one fails, and fails with the last', async () => {
    const first = firstAnswer(['a', 'b'], ask, 1_000, no);
    const failed = expect(first).rejects.toThrow('b is gone');
    answers.get('a')!.reject(new Error('a is gone'));
    await jest.advanceTimersByTimeAsync(0);
    expect(asked).toEqual(['a', 'b']);
    answers.get('b')!.reject(new Error('b is gone'));
    await failed;
  });

  test('waits for those that are silent once nobody is left to ask', async () => {
    const first = firstAnswer(['a', 'b'], ask, 1_000, no);
    await jest.advanceTimersByTimeAsync(1_000);
    answers.get('b')!.reject(new Error('b is gone'));
    await jest.advanceTimersByTimeAsync(60_000);
    answers.get('a')!.resolve('at last');
    expect(await first).toBe('at last');
  });

  test('an error that is an answer ends it', async () => {
    const first = firstAnswer(['a', 'b'], ask, 1_000, (error) => error.message === 'refused');
    const failed = expect(first).rejects.toThrow('refused');
    answers.get('a')!.reject(new Error('refused'));
    await failed;
    expect(asked).toEqual(['a']);
    await expect(firstAnswer([], ask, 1_000, no)).rejects.toThrow('nobody');
  });
});
