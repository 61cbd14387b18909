import { describe, expect, test } from '@jest/globals';
import { workerCount } from '../../../src/cli/workers/count.ts';

const GB = 2 ** 30;

describe('how many threads fold', () => {
  test.each([
    ['a core each', null, { cores: 2, memory: 24 * GB, partitions: 6 }, 2],
    ['no more than partitions', null, { cores: 4, memory: 64 * GB, partitions: 1 }, 1],
    ['no more than memory has room for', null, { cores: 4, memory: 5 * GB, partitions: 6 }, 2],
    ['one at least, in a container of 256 MB', null, { cores: 4, memory: GB / 4, partitions: 6 }, 1],
    ['four at most unless more are wanted', null, { cores: 64, memory: 512 * GB, partitions: 64 }, 4],
    ['as many as wanted', 8, { cores: 2, memory: GB, partitions: 12 }, 8],
    ['wanted, but no more than partitions', 8, { cores: 16, memory: 64 * GB, partitions: 6 }, 6],
  ])('%s', (_, wanted, room, count) => {
    expect(workerCount(wanted, room)).toBe(count);
  });
});
