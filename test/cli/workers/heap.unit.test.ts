import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { heapFlags } from '../../../src/cli/workers/heap.ts';

const V8 = Number.parseInt(process.versions.v8, 10);
const sizes = (memory: number) =>
  heapFlags(memory, V8).flatMap((flag) => (flag.includes('=') ? [Number(flag.split('=')[1])] : []));

describe('the heap that a thread starts with', () => {
  test('takes a small part of a small container: three young halves and what is old fit beside the rest', () => {
    const [min, max, old, limit] = sizes(512 * 2 ** 20);
    expect(min).toBe(max);
    expect(3 * max! + old!).toBeLessThan(512 / 4);
    expect(limit! + 3 * max!).toBeLessThan(512 * 0.75);
  });

  test('does not grow with a large machine beyond what was measured to pay', () => {
    expect(sizes(2 ** 50)).toEqual(sizes(2 ** 36));
  });

  test('V8 knows the flags, and its heap gets the size that they say', () => {
    const flags = JSON.stringify(heapFlags(2 ** 50, V8));
    const program = `
      const v8 = require('node:v8');
      const { Worker } = require('node:worker_threads');
      for (const flag of ${flags}) v8.setFlagsFromString(flag);
      const inside = "const v8 = require('node:v8'); console.log(v8.getHeapStatistics().heap_size_limit)";
      new Worker(inside, { eval: true });`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const [, young, , limit] = sizes(2 ** 50);
    // The room for young objects has two halves, and as much again for objects that move.
    expect(Number(stdout)).toBe((limit! + 3 * young!) * 2 ** 20);
  });
});
