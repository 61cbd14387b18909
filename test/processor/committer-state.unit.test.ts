import { afterEach, describe, expect, jest, test } from '@jest/globals';
import pino from 'pino';
import type { RawRecord } from '../../src/ports/record.ts';
import type { Lease } from '../../src/ports/store.ts';
import { COMMITTER_TRANSITIONS, Committer } from '../../src/processor/committer.ts';
import { settle, VirtualClock } from './support/virtual-clock.ts';
import { edgesOf, edgesOn, watchStates } from './support/watched-states.ts';

const RECORD = { offset: 0, timestamp: 0, key: null, value: null, headers: [] } as RawRecord;

/** A committer of a fold that always has a change, and what was asked of its store. */
function committerOf(answer: () => Promise<void>) {
  const clock = new VirtualClock(0);
  const asked: string[] = [];
  const ask = (what: string) => {
    asked.push(what);
    return answer();
  };
  const changes = { state: { nextOffset: 0, counts: { records: 0 } }, visits: [], removed: [] };
  const fold = {
    ...{ nextOffset: 0, largeBytes: 0, pending: 1, counts: { records: 0 } },
    take: () => ({ changes: { ...changes, events: [], revisions: [], traits: [] }, inCommit: [] }),
    settle: () => {},
    shrink: () => {},
  };
  let done = 0;
  const committer = new Committer({
    lease: {
      ...{ partition: 0, started: true, lastRecord: null, published: 0 },
      commit: () => ask('commit'),
      acknowledge: () => ask('acknowledge'),
    } as unknown as Lease<RawRecord>,
    fold: fold as never,
    publisher: { position: 0 } as never,
    schemas: { toStore: () => [], stored: () => {} } as never,
    outgoing: { add: () => {}, take: () => null },
    end: () => 0,
    interval: 1_000,
    maxBytes: 100,
    memory: { maxBytes: 1_000, usedBytes: 0 },
    clock,
    logger: pino({ level: 'silent' }),
    observer: { committed: () => {} } as never,
    onDone: () => {
      done += 1;
    },
  });
  return { committer, clock, asked, isDone: () => done > 0 };
}

const PATHS: Readonly<Record<string, () => Promise<void>>> = {
  'idle → writing → idle': async () => {
    const { committer, asked, isDone } = committerOf(async () => {});
    await committer.commitNow();
    expect([committer.isBehind, isDone()]).toEqual([true, false]);
    await settle();
    expect([committer.error, asked, isDone()]).toEqual([null, ['commit'], true]);
  },
  'idle → writing → failed': async () => {
    const away = new Error('Postgres is away');
    const { committer, clock, asked, isDone } = committerOf(() => Promise.reject(away));
    committer.folded(RECORD, 1);
    await committer.commitNow();
    await settle();
    expect([committer.error, isDone()]).toEqual([away, true]);
    // What the store has is not known: nothing is put on top of it, whatever asks for it.
    committer.folded(RECORD, 1);
    await clock.pass(60_000);
    committer.commitIfOld();
    committer.commitSoon();
    await expect(committer.commitNow()).rejects.toBe(away);
    expect(await committer.commitLast(1_000)).toBe(false);
    expect(asked).toEqual(['commit']);
  },
};

describe('a committer', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each(Object.keys(PATHS))('leads along %s', async (path) => {
    const paths = watchStates(COMMITTER_TRANSITIONS);
    await PATHS[path]!();
    expect(paths()).toEqual([path]);
  });

  test('has no transition that is not driven here', () => {
    expect(edgesOn(Object.keys(PATHS))).toEqual(edgesOf(COMMITTER_TRANSITIONS));
  });
});
