import { describe, expect, test } from '@jest/globals';
import type { Prepared } from '../../../src/cli/assemble.ts';
import { errorForm, type WorkerMessage } from '../../../src/cli/workers/messages.ts';
import { WorkerPool } from '../../../src/cli/workers/pool.ts';
import { CannotGoOn } from '../../../src/ports/errors.ts';
import type { Observer, PartitionReport } from '../../../src/ports/observer.ts';
import { loadSettings } from '../../../src/settings/index.ts';

interface Script {
  readonly words?: readonly WorkerMessage[];
  readonly atJoin?: readonly WorkerMessage[];
  readonly atStop?: readonly WorkerMessage[];
  /** Name of a channel, and the message that is sent once something comes through it. */
  readonly waitsFor?: string;
  readonly afterwards?: readonly WorkerMessage[];
  readonly exit?: number;
  readonly throws?: string;
}

/** A pool of threads that send what their scripts have; `heard` resolves at so many lines of their logs. */
function poolOf(...script: Script[]) {
  const { settings } = loadSettings({ cwd: '/' });
  const log: string[] = [];
  const observed: unknown[] = [];
  const wanted: { lines: number; resolve: () => void }[] = [];
  const pool = new WorkerPool(script.length, { ...settings, script } as never, {} as Prepared, {
    observer: new Proxy({}, { get: (_, method) => (told: unknown) => observed.push([method, told]) }) as Observer,
    writeLog: (line) => {
      log.push(line);
      for (const { lines, resolve } of wanted) if (log.length >= lines) resolve();
    },
    terminal: false,
    entry: new URL('./support/stand-in.mjs', import.meta.url),
  });
  const heard = (lines: number) => new Promise<void>((resolve) => wanted.push({ lines, resolve }));
  return { pool, log, observed, heard };
}

const report = (partition: number, epoch: number, openVisits: number) =>
  ({ partition, epoch, openVisits, phase: 'running' }) as PartitionReport;
const standing = (...reports: PartitionReport[]): WorkerMessage => ({
  standing: { hindrance: null, trouble: null, isMember: true, reports },
});

describe('threads that fold', () => {
  test('end together on order, and what they log until then is written', async () => {
    const ending = new AbortController();
    const { pool, log } = poolOf({ atStop: [{ log: 'one left\n' }] }, { atStop: [{ log: 'two left\n' }] });
    const done = pool.run(ending.signal);
    ending.abort();
    await done;
    expect(log.sort()).toEqual(['one left\n', 'two left\n']);
    expect(pool.trouble).toBeNull();
  });

  test('cost what they cost together; the longest delay is given once, however often they sent shorter ones', async () => {
    const load = (delaySeconds: number, heapBytes: number, gcSeconds: number): WorkerMessage => ({
      load: { delaySeconds, heapBytes, heapSizeBytes: 2 * heapBytes, externalBytes: 3 * heapBytes, gcSeconds },
    });
    const words = [load(4, 1, 1), load(1, 10, 2)];
    const { pool, heard } = poolOf(
      { words: [...words, { log: 'told' }] },
      { words: [load(2, 100, 5), { log: 'told' }] },
    );
    expect(pool.takeLoad()).toEqual({
      delaySeconds: 0,
      heapBytes: 0,
      heapSizeBytes: 0,
      externalBytes: 0,
      gcSeconds: 0,
    });
    const ending = new AbortController();
    const done = pool.run(ending.signal);
    await heard(2);
    const together = { heapBytes: 110, heapSizeBytes: 220, externalBytes: 330, gcSeconds: 7 };
    expect(pool.takeLoad()).toEqual({ ...together, delaySeconds: 4 });
    expect(pool.takeLoad()).toEqual({ ...together, delaySeconds: 0 });
    ending.abort();
    await done;
  });

  test('one that cannot go on ends the others in order, and its error is what the pool ends with', async () => {
    const error = new CannotGoOn('decide');
    const { pool, log } = poolOf({ words: [{ error: errorForm(error) }] }, { atStop: [{ log: 'left in order\n' }] });
    const failure = await pool.run(new AbortController().signal).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: 'CannotGoOn', message: 'decide' });
    expect(log).toEqual(['left in order\n']);
    expect(pool.trouble).toMatch(/gave up/);
  });

  test.each([
    ['ends by itself', { exit: 0 }, /ended by itself/],
    ['throws where nobody looks', { throws: 'lost' }, /lost/],
  ])('one that %s is a failure, even if it says nothing', async (_, script, message) => {
    const { pool } = poolOf(script, {});
    await expect(pool.run(new AbortController().signal)).rejects.toThrow(message);
  });

  test('a partition that one hands to the other is reported once, by its newest epoch', async () => {
    const { pool, heard } = poolOf(
      { words: [standing(report(0, 4, 10), report(1, 2, 5)), { log: 'told\n' }] },
      { words: [standing(report(0, 5, 11), report(2, 1, 7)), { log: 'told\n' }] },
    );
    expect([pool.hindrance, pool.isMember]).toEqual(['starting', false]);
    const ending = new AbortController();
    const done = pool.run(ending.signal);
    await heard(2);
    expect([pool.hindrance, pool.isMember]).toEqual([null, true]);
    expect(pool.reports().map(({ partition, epoch }) => [partition, epoch])).toEqual([
      [0, 5],
      [1, 2],
      [2, 1],
    ]);
    ending.abort();
    await done;
  });

  test('all join the group when the last of them is ready', async () => {
    const channel = new BroadcastChannel(crypto.randomUUID());
    const { pool, log, heard } = poolOf(
      { words: [{ ready: true }, { log: 'one is ready' }], atJoin: [{ log: 'joins' }] },
      {
        waitsFor: channel.name,
        words: [{ log: 'two has begun' }],
        afterwards: [{ log: 'two is ready' }, { ready: true }],
        atJoin: [{ log: 'joins' }],
      },
    );
    const ending = new AbortController();
    const done = pool.run(ending.signal);
    await heard(2);
    channel.postMessage('go on');
    await heard(5);
    expect(log.slice(2)).toEqual(['two is ready', 'joins', 'joins']);
    ending.abort();
    await done;
    channel.close();
  });

  test('one that is not ready does not keep the others for long, and joins as soon as it is', async () => {
    const channel = new BroadcastChannel(crypto.randomUUID());
    const { pool, log, heard } = poolOf(
      { words: [{ ready: true }], atJoin: [{ log: 'one joins' }] },
      {
        waitsFor: channel.name,
        words: [{ log: 'two has begun' }],
        afterwards: [{ ready: true }],
        atJoin: [{ log: 'two joins' }],
      },
    );
    const ending = new AbortController();
    const done = pool.run(ending.signal);
    await heard(2);
    expect(log.toSorted()).toEqual(['one joins', 'two has begun']);
    channel.postMessage('go on');
    await heard(3);
    expect(log.at(-1)).toBe('two joins');
    ending.abort();
    await done;
    channel.close();
  });

  test('a call of the observer in one is made in the thread that serves metrics', async () => {
    const commit = { partition: 3, ms: 12, rows: 5 };
    const { pool, observed, heard } = poolOf({
      words: [{ observed: { method: 'committed', args: [commit] } }, { log: 'told\n' }],
    });
    const ending = new AbortController();
    const done = pool.run(ending.signal);
    await heard(1);
    expect(observed).toEqual([['committed', commit]]);
    ending.abort();
    await done;
  });
});
