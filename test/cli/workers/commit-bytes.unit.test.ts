import { expect, test } from '@jest/globals';
import { commitBytes } from '../../../src/cli/workers/commit-bytes.ts';

const MB = 2 ** 20;
const GB = 2 ** 30;

test.each([
  ['a small container', GB / 2, 32 * MB],
  ['two gigabytes', 2 * GB, 32 * MB],
  ['four gigabytes', 4 * GB, 64 * MB],
  ['a large machine', 64 * GB, 128 * MB],
])('commits take a share of the memory of a thread: %s', (_, memory, bytes) => {
  expect(commitBytes(memory)).toBe(bytes);
});
