import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { emptyState, noCounts } from '../../src/core/changes.ts';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import { IdFilter } from '../../src/core/memory/id-filter.ts';
import { type IdleMemory, idleMemory } from '../../src/core/memory/stored-summaries.ts';
import { Partition } from '../../src/core/partition.ts';
import type { LogRecord, TrackEvent } from '../../src/core/rules/event.ts';
import { DEFAULT_RULES } from '../../src/core/rules/rules.ts';

const T = 1_767_225_600_000;
const HOUR = 3_600_000;

describe('a filter of ids', () => {
  const idOf = (text: string) => new PackedId().set(text);

  test('never denies one that was added, whatever its form', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.uuid(), fc.string({ unit: 'grapheme' }))), (ids) => {
        const filter = new IdFilter();
        for (const id of ids) filter.add(idOf(id));
        for (const id of ids) expect(filter.mayHave(idOf(id))).toBe(true);
      }),
    );
  });

  test.each([
    ['texts', (i: number) => `session-${i}`],
    ['UUIDs by number', (i: number) => `00000000-0000-4000-8000-${`${i}`.padStart(12, '0')}`],
    [
      'UUIDs by time',
      (i: number) =>
        `0190${i.toString(16).padStart(4, '0').slice(-4)}-${(i >> 16).toString(16).padStart(4, '0')}-7000-8000-00000000000a`,
    ],
    ['random UUIDs', () => crypto.randomUUID()],
  ])('denies nearly all others, also after it has grown many times over: %s', (_, make) => {
    const filter = new IdFilter();
    const all = Array.from({ length: 520_000 }, (_, i) => make(i));
    for (const id of all.slice(20_000)) filter.add(idOf(id));
    for (let i = 20_000; i < all.length; i += 997) expect(filter.mayHave(idOf(all[i]!))).toBe(true);
    const mistaken = all.slice(0, 20_000).filter((id) => filter.mayHave(idOf(id)));
    expect(mistaken.length).toBeLessThan(400);
  });
});

describe('a session that is not in memory', () => {
  const state = { ...emptyState(1), arrivalClock: T, eventClock: T, counts: { ...noCounts(), started: 1 } };

  function record(offset: number, sessionId: string, t: number): LogRecord<null> {
    const event: TrackEvent = {
      ...{ eventId: `e${offset}`, sessionId, debug: false, profileId: null, sourceId: null, type: 'a', t },
      ...{ page: null, referrer: null, utm: null, named: null, traits: [], properties: null },
      ...{ context: [], contextPage: null, contextUtm: null },
    };
    return { offset, timestamp: t, entries: [event], raw: null };
  }

  /** Folds the record, with nothing found of its session. @returns whether it had to be looked up. */
  function fold(partition: Partition<null>, one: LogRecord<null>): boolean {
    const lookup = partition.prepare([one]);
    if (lookup !== null) {
      partition.admit(lookup.sessions.map((each) => ({ ...each, ended: [], openEventIds: new Map() })));
    }
    partition.fold(one);
    partition.endDue();
    return lookup !== null;
  }

  const commit = (partition: Partition<null>) => partition.settle(partition.take().inCommit);
  const partitionWith = (memory: IdleMemory) =>
    new Partition<null>(DEFAULT_RULES, { topic: 't', partition: 0 }, state, [], memory);
  const partitionOf = (idleBytes: number) => partitionWith(idleMemory(idleBytes));

  test('is looked up while it is not known which sessions are in the store', () => {
    expect(fold(partitionOf(0), record(1, 's', T))).toBe(true);
  });

  test('is not looked up once it is known that it has nothing there, and is if it has', () => {
    const partition = partitionOf(0);
    const filter = partition.beginFilter()!;
    filter.add('known');
    filter.use();
    expect(partition.beginFilter()).toBeNull();
    expect(fold(partition, record(1, 'new', T))).toBe(false);
    expect(fold(partition, record(2, 'known', T))).toBe(true);
  });

  test.each(['after the reading', 'during the reading'])('is looked up if it left memory %s', (when) => {
    const partition = partitionOf(0);
    const filter = partition.beginFilter()!;
    if (when === 'after the reading') filter.use();
    fold(partition, record(1, 'left', T));
    fold(partition, record(2, 'later', T + HOUR));
    commit(partition);
    if (when === 'during the reading') filter.use();
    expect([...partition.visits()].map(({ sessionId }) => sessionId)).toEqual(['later']);
    expect(fold(partition, record(3, 'left', T + HOUR))).toBe(true);
  });

  test('does not leave memory between its look-up and its record, however little room there is', () => {
    const memory = { ...idleMemory(0), maxBytes: 1_000_000 };
    const partition = partitionWith(memory);
    fold(partition, record(1, 'a', T));
    fold(partition, record(2, 'b', T));
    fold(partition, record(3, 'open', T + HOUR));
    commit(partition);
    expect(memory.usedBytes).toBeGreaterThan(0);
    const resend = { ...record(2, 'b', T), offset: 4, timestamp: T + HOUR };
    const next = record(5, 'a', T + HOUR);
    expect(partition.prepare([resend, next])).toBeNull();
    expect(partition.fold(resend)).toMatchObject([{ kind: 'duplicate' }]);
    memory.maxBytes = 0;
    commit(partition);
    partition.fold(next);
    const held = [...partition.visits()].filter(({ sessionId }) => sessionId === 'a');
    expect(held.map(({ startedAt }) => startedAt)).toEqual([T, T + HOUR]);
    partition.close();
    expect(memory.usedBytes).toBe(0);
  });

  test('stays in memory as long as there is room for it, and is not looked up', () => {
    const partition = partitionOf(1_000_000);
    fold(partition, record(1, 'rests', T));
    fold(partition, record(2, 'later', T + HOUR));
    commit(partition);
    expect(fold(partition, record(3, 'rests', T + HOUR))).toBe(false);
    // One before them all.
    expect(partition.counts).toMatchObject({ started: 4 });
  });
});
