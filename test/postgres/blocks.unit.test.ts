import { expect, test } from '@jest/globals';
import { Blocks } from '../../src/postgres/blocks.ts';

function commit(blocks: Blocks, count: number): void {
  blocks.release(Array.from({ length: count }, () => blocks.acquire()));
}

test('blocks that commits go on using are kept, whatever was kept before', () => {
  const blocks = new Blocks();
  for (let i = 0; i < 20; i += 1) commit(blocks, 16);
  expect(blocks.freeCount).toBe(16);
  const kept = new Set(Array.from({ length: 16 }, () => blocks.acquire()));
  blocks.release(kept);
  for (let i = 0; i < 16; i += 1) expect(kept.has(blocks.acquire())).toBe(true);
});

test('memory that one large commit took is given up when smaller ones follow', () => {
  const blocks = new Blocks();
  commit(blocks, 200);
  for (let i = 0; i < 100; i += 1) commit(blocks, 4);
  expect(blocks.freeCount).toBeLessThan(20);
});

test('and all of it where no commit follows for a while', async () => {
  const blocks = new Blocks(20);
  commit(blocks, 16);
  expect(blocks.freeCount).toBe(16);
  while (blocks.freeCount > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  commit(blocks, 4);
  expect(blocks.freeCount).toBe(4);
});
