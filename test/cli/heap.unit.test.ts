import { describe, expect, test } from '@jest/globals';
import { heapFlags } from '../../src/cli/heap.ts';

const sizes = (memory: number) => heapFlags(memory).map((flag) => Number(flag.split('=')[1]));

describe('the heap that the processor starts with', () => {
  test('takes a small part of a small container: three young halves and what is old fit beside the rest', () => {
    const [min, max, old] = sizes(512 * 2 ** 20);
    expect(min).toBe(max);
    expect(3 * max! + old!).toBeLessThan(512 / 4);
  });

  test('does not grow with a large machine beyond what was measured to pay', () => {
    expect(Math.max(...sizes(2 ** 50))).toBeLessThanOrEqual(1_536);
  });
});
