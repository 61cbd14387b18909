import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lastSetAside } from '../../src/set-aside/last.ts';
import { describeReal } from '../support/stack.ts';
import { RetryFixture } from './support/retry-fixture.ts';

describeReal('what was set aside last', () => {
  let ground: RetryFixture;
  beforeAll(async () => {
    ground = new RetryFixture('json');
    await ground.open();
    for (let offset = 0; offset < 100; offset++) {
      await ground.setAside(offset % 2, offset, { value: Buffer.alloc(100) });
    }
  });
  afterAll(() => ground.close());

  test('is the newest of all partitions, newest first, without what it holds', async () => {
    const all = await lastSetAside(ground.link, ground.deadLetter, 1_000);
    expect(all.records.map(({ source }) => source!.offset).sort((a, b) => a - b)).toEqual([...Array(100).keys()]);
    const times = all.records.map(({ setAsideAt }) => setAsideAt);
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(times[0]).toBeGreaterThan(times.at(-1)!);
    const { records, complete } = await lastSetAside(ground.link, ground.deadLetter, 7);
    expect(records).toEqual(all.records.slice(0, 7));
    expect(records[0]).toMatchObject({ reason: 'undecodable', error: 'for a test', valueBytes: 100 });
    expect(records[0]).not.toHaveProperty('raw');
    expect(complete).toBe(true);
  });

  test('is read from the tails alone, however long the topic is', async () => {
    for (let n = 0; n < 3; n++) {
      const many = Array.from({ length: 100 }, () => ({ value: Buffer.alloc(1) }));
      await ground.write(ground.deadLetter, 0, many);
    }
    const { records } = await lastSetAside(ground.link, ground.deadLetter, 1_000);
    expect(records.filter(({ partition }) => partition === 0).length).toBeLessThan(100);
    expect(records.filter(({ partition }) => partition === 1)).toHaveLength(50);
  });

  test('is read no further than the limit, and has that in the answer', async () => {
    const { records, complete } = await lastSetAside(ground.link, ground.deadLetter, 1_000, 1);
    expect(complete).toBe(false);
    expect(new Set(records.map(({ partition }) => partition)).size).toBe(1);
  });

  test('of an empty topic is nothing', async () => {
    expect(await lastSetAside(ground.link, ground.late, 5)).toEqual({ records: [], complete: true });
  });
});
