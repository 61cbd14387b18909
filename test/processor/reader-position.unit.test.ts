import { afterEach, describe, expect, jest, test } from '@jest/globals';
import pino from 'pino';
import type { RawRecord } from '../../src/ports/record.ts';
import { Calls } from '../../src/processor/calls.ts';
import type { Continuity } from '../../src/processor/continuity.ts';
import { Inbox } from '../../src/processor/inbox.ts';
import { READER_TRANSITIONS, ReaderPosition } from '../../src/processor/reader-position.ts';
import { VirtualClock } from './support/virtual-clock.ts';
import { edgesOf, edgesOn, watchStates } from './support/watched-states.ts';

const LAST = { offset: 4, digest: 'of the record folded last' };
const record = (offset: number) => ({ offset, key: null, value: null, headers: [] }) as unknown as RawRecord;
const arrival = (from: number, next: number) => ({ from, next, records: [record(from)] });

/** A reader of which records 0 to 4 are folded, and a log that begins at `earliest`. */
function readerOf(toCompare: typeof LAST | null) {
  const inbox = new Inbox();
  const sought: [offset: number, anew: boolean][] = [];
  const log = { earliest: 0, answers: Promise.resolve() };
  const fold = { nextOffset: 5 };
  const reading = new ReaderPosition(toCompare, {
    inbox,
    calls: new Calls(new VirtualClock(0)),
    logger: pino({ level: 'silent' }),
    lease: { partition: 0 } as never,
    log: { seek: (_: number, offset: number, anew: boolean) => sought.push([offset, anew]), resume: () => {} } as never,
    continuity: {
      check: async () => {
        await log.answers;
        return { earliest: log.earliest, end: 100 };
      },
      verify: (_: unknown, [first]: readonly RawRecord[]) => (first?.offset === LAST.offset ? 'same' : 'gone'),
    } as unknown as Continuity,
    fold,
    isEnding: () => false,
  });
  inbox.reset(reading.from);
  return { reading, inbox, sought, log, fold, restore: () => reading.restore(() => LAST) };
}

type Reader = ReturnType<typeof readerOf>;

/** What happens, by the path that it leads along. The first state decides whether there is a record to compare. */
const PATHS: Readonly<Record<string, (reader: Reader) => Promise<void> | void>> = {
  'comparing → reading': ({ reading }) => {
    expect(reading.isVerified).toBe(false);
    expect(reading.compare({ from: 4, next: 4, records: [] })).toEqual([]);
    expect(reading.isVerified).toBe(false);
    expect(reading.compare({ from: 4, next: 6, records: [record(4), record(5)] })).toEqual([record(5)]);
    expect(reading.isVerified).toBe(true);
  },
  'comparing → outOfChain → seeking → comparing': async ({ reading, restore, sought }) => {
    reading.leaveChain();
    reading.leaveChain();
    expect([reading.isAstray, reading.isVerified]).toEqual([true, false]);
    await restore();
    expect(reading.isAstray).toBe(false);
    expect(sought).toEqual([[4, true]]);
  },
  'comparing → outOfChain → seeking → reading': async ({ reading, restore, sought, log, inbox }) => {
    reading.leaveChain();
    // What waits to be compared is deleted meanwhile.
    log.earliest = 5;
    await restore();
    expect(sought).toEqual([[5, false]]);
    expect(inbox.expected).toBe(5);
  },
  'comparing → inQuestion → comparing': async ({ reading, restore, sought }) => {
    reading.question();
    reading.question();
    reading.leaveChain();
    await restore();
    expect(sought).toEqual([[4, true]]);
  },
  'reading → inQuestion → comparing': async ({ reading, restore, sought, inbox }) => {
    inbox.offer(arrival(5, 6));
    reading.question();
    expect([reading.isAstray, reading.isVerified]).toEqual([true, true]);
    await restore();
    expect(sought).toEqual([[4, true]]);
    expect([inbox.isEmpty, inbox.expected]).toEqual([true, 4]);
  },
  'reading → inQuestion → reading': async ({ reading, sought }) => {
    reading.question();
    // No record was ever folded: there is none to compare.
    await reading.restore(() => null);
    expect(sought).toEqual([[5, true]]);
  },
  'reading → outOfChain → inQuestion → comparing': async ({ reading, restore, sought }) => {
    reading.leaveChain();
    reading.question();
    await restore();
    expect([reading.isAstray, sought]).toEqual([false, [[4, true]]]);
  },
  'reading → outOfChain → seeking → inQuestion': async ({ reading, restore, sought }) => {
    reading.leaveChain();
    const restored = restore();
    reading.question();
    await restored;
    expect([reading.isAstray, sought]).toEqual([true, []]);
  },
  'reading → outOfChain → seeking → reading': async ({ reading, restore, sought }) => {
    reading.leaveChain();
    const restored = restore();
    // Dropped, but it will be read once more: the position that is sought lies before it.
    reading.leaveChain();
    await restored;
    expect([reading.isAstray, sought]).toEqual([false, [[5, false]]]);
  },
  'reading → outOfChain → seeking → outOfChain': async ({ reading, restore, sought, inbox }) => {
    reading.leaveChain();
    const restored = restore();
    // The chain goes on, and is left again: what was dropped lies behind the position by now.
    inbox.offer(arrival(5, 6));
    reading.leaveChain();
    await restored;
    expect([reading.isAstray, sought]).toEqual([true, []]);
  },
};

describe('the reader of a partition', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test.each(Object.keys(PATHS))('leads along %s', async (path) => {
    const paths = watchStates(READER_TRANSITIONS);
    await PATHS[path]!(readerOf(path.startsWith('comparing') ? LAST : null));
    expect(paths()).toEqual([path]);
  });

  test('has no transition that is not driven here', () => {
    expect(edgesOn(Object.keys(PATHS))).toEqual(edgesOf(READER_TRANSITIONS));
  });

  test('that found the chain to go on while it asked seeks nothing', async () => {
    const { reading, restore, sought, inbox } = readerOf(null);
    reading.leaveChain();
    const restored = restore();
    inbox.offer(arrival(5, 6));
    await restored;
    expect([reading.isAstray, sought]).toEqual([false, []]);
  });
});
