import { describe, expect, test } from '@jest/globals';
import { type Changes, emptyState, type TraitWrite } from '../../src/core/changes.ts';
import { visitId } from '../../src/core/ids.ts';
import { EventIds, PackedId } from '../../src/core/memory/event-ids.ts';
import { Revisions } from '../../src/core/memory/revisions.ts';
import { Session } from '../../src/core/memory/session.ts';
import { TypeCounts } from '../../src/core/memory/type-counts.ts';
import { restoreValues } from '../../src/core/memory/values-with-origins.ts';
import { Visit, type VisitEvent } from '../../src/core/memory/visit.ts';
import { MemoryStore } from '../../src/memory/store.ts';
import { type Commit, Fenced, type HistoryQuery, type OutboxRow } from '../../src/ports/store.ts';
import { nameProfile } from '../support/name-profile.ts';
import { plainVisit } from '../support/plain-visit.ts';
import { visitEvents } from '../support/visit-events.ts';

const T = Date.UTC(2026, 0, 1);

function visit(offset: number, openedAt: number, ...at: readonly number[]): Visit {
  const id = visitId(openedAt, 's', 'tracks', 0, offset, 0);
  const made = new Visit(id, new Session('s', false, false), offset, 0, at[0]!, at.at(-1)!, openedAt);
  made.eventCount = at.length;
  return made;
}

function ended(made: Visit): Visit {
  made.ended = true;
  made.published = 1;
  made.reason = 'inactivity';
  made.endedWatermark = made.lastEventAt;
  return made;
}

const event = (eventId: string, t: number): VisitEvent => ({ eventId, type: 'x', t, page: null, properties: null });

const trait = (value: TraitWrite['value'], t: number, eventId = 'e', sessionId = 's'): TraitWrite => ({
  profileId: 'p',
  key: 'k',
  value,
  t,
  eventId,
  sessionId,
});

/** A commit up to an offset, with some changes. */
function commit(
  nextOffset: number,
  changes: Partial<Changes<null>> = {},
  rest: Partial<Commit<null>> = {},
): Commit<null> {
  const nothing = { visits: [], removed: [], events: [], revisions: new Revisions(), traits: [], emissions: [] };
  return {
    changes: { ...nothing, state: { ...emptyState(nextOffset), sequence: rest.outbox?.next ?? 0 }, ...changes },
    amendableUntil: (of) => of.lastEventAt + 1_000,
    outbox: null,
    lastRecord: null,
    published: 0,
    writerSchemas: [],
    ...rest,
  };
}

const row = (first: number, next: number, bytes: number): OutboxRow => ({ first, next, payload: Buffer.alloc(bytes) });

/** Commits one outbox row after another, of one message and ten bytes each. */
async function withRows(count: number) {
  const store = new MemoryStore<null>();
  const lease = await store.takeOver(0);
  for (let i = 0; i < count; i++) {
    const state = { ...emptyState(i + 1), sequence: i + 1 };
    await lease.commit(commit(i + 1, { state }, { outbox: row(i, i + 1, 10) }));
  }
  return { store, lease };
}

const query = (of: Partial<HistoryQuery>): HistoryQuery => ({
  sessions: [{ sessionId: 's', debug: false, openVisitIds: [] }],
  openedSince: 0,
  endedSince: 0,
  watermark: 0,
  ...of,
});

describe('the fence', () => {
  test('a lease of an epoch before can commit and acknowledge no more', async () => {
    const store = new MemoryStore<null>();
    const old = await store.takeOver(0);
    const now = await store.takeOver(0);
    expect(now.epoch).toBe(old.epoch + 1);
    await expect(old.commit(commit(1))).rejects.toThrow(Fenced);
    await expect(old.acknowledge(1)).rejects.toThrow(Fenced);
    await now.commit(commit(1));
    expect(store.state(0)!.nextOffset).toBe(1);
  });

  test('after a commit that failed none of the same lease goes through', async () => {
    let fail = true;
    const store = new MemoryStore<null>({
      reach: (point) => {
        if (point === 'commit' && fail) throw new Error('the connection broke');
      },
    });
    const lease = await store.takeOver(0);
    await expect(lease.commit(commit(1))).rejects.toThrow('the connection broke');
    fail = false;
    await expect(lease.commit(commit(2))).rejects.toThrow(Fenced);
    expect(store.state(0)!.nextOffset).toBe(0);
    expect((await store.takeOver(0)).started).toBe(false);
  });

  test('a commit whose answer was lost is there', async () => {
    const store = new MemoryStore<null>({
      reach: (point) => {
        if (point === 'committed') throw new Error('the answer was lost');
      },
    });
    const lease = await store.takeOver(0);
    const lastRecord = { offset: 0, digest: 'aa' };
    await expect(lease.commit(commit(1, {}, { lastRecord }))).rejects.toThrow('the answer was lost');
    const next = await store.takeOver(0);
    expect([next.started, next.state.nextOffset, next.lastRecord]).toEqual([true, 1, lastRecord]);
  });

  test('a commit that contradicts the rows writes nothing of itself', async () => {
    const store = new MemoryStore<null>();
    const lease = await store.takeOver(0);
    const fresh = visit(0, T, T);
    const stray = visit(1, T, T);
    const visits = [
      { visit: fresh, from: null },
      { visit: stray, from: 'open' as const },
    ];
    await expect(lease.commit(commit(1, { visits }))).rejects.toThrow(
      `visit ${stray.id} is in table null, not in open`,
    );
    expect(store.visits()).toEqual([]);
    expect(store.state(0)!.nextOffset).toBe(0);
  });
});

describe('nothing is shared with the fold', () => {
  test('what a visit becomes after its commit was called is not in the store, though the commit was under way', async () => {
    const store = new MemoryStore<null>({ reach: () => new Promise((resolve) => setImmediate(resolve)) });
    const lease = await store.takeOver(0);
    const made = visit(0, T, T);
    const done = lease.commit(commit(1, { visits: [{ visit: made, from: null }] }));
    made.eventCount = 7;
    made.contextPage = ['page', {}];
    made.contextPageRef = made.addRef(T, new PackedId().set('e'));
    await done;
    expect(store.visits()).toMatchObject([{ eventCount: 1, context: [] }]);
  });

  test('what was loaded can change without the store', async () => {
    const store = new MemoryStore<null>();
    const made = visit(0, T, T);
    const names = (value: string | null) => [null, null, value, null, null, null, null, null];
    made.named = names('x');
    made.namedRef = made.addRef(T, new PackedId().set('e'));
    await (await store.takeOver(0)).commit(commit(1, { visits: [{ visit: made, from: null }] }));
    const loaded = (await store.takeOver(0)).open[0]!;
    (loaded.named as (string | null)[])[2] = null;
    loaded.types = TypeCounts.of([['x', 1]]);
    const again = (await store.takeOver(0)).open[0]!;
    expect(again.named).toEqual(made.named);
    expect([...again.types]).toEqual([]);
  });

  test('a visit comes back with every field that it had', async () => {
    const store = new MemoryStore<null>();
    const at = { t: T, eventId: 'e' };
    const made = ended(visit(4, T + 5, T + 1, T + 3));
    const named = made.named.map((_, i) => (i % 2 === 0 ? null : `${i}`));
    Object.assign(made, { pageViewCount: 3, lateEventCount: 4, seal: 'max_events', lastArrival: T + 9 });
    restoreValues(made, {
      ...{ profileId: 'p', sourceId: 'q', entryPage: '/', referrer: 'r', exitPage: '/x' },
      utm: ['a', null, 'b', null, null],
      named,
      from: {
        ...{ profile: at, source: at, entry: at, exit: at, utm: at },
        named: named.map((value) => (value === null ? null : at)),
      },
      context: [['page', { ...at, value: { path: '/', list: [1, null, true] } }]],
    });
    made.types = TypeCounts.of([['x', 2]]);
    const lease = await store.takeOver(0);
    const events = [{ visit: made, events: visitEvents([event('e', T + 1)]) }];
    await lease.commit(commit(1, { visits: [{ visit: made, from: null }], events }));

    const [found] = (await lease.history(query({})))[0]!.ended;
    made.loadIds(EventIds.of(['e']));
    made.stored = 'ended';
    expect(plainVisit(found!)).toEqual(plainVisit(made));
  });
});

describe('history', () => {
  test('bounds are kept to the millisecond: opened since, ended since, or not frozen', async () => {
    const store = new MemoryStore<null>();
    const lease = await store.takeOver(0);
    const made = ended(visit(0, T, T, T + 10));
    await lease.commit(
      commit(1, {
        visits: [{ visit: made, from: null }],
        events: [{ visit: made, events: visitEvents([event('e', T)]) }],
      }),
    );
    const until = T + 10 + 1_000;
    const found = async (of: Partial<HistoryQuery>) =>
      (await lease.history(query(of)))[0]!.ended.map(({ eventIds }) => eventIds && [...eventIds]);

    expect(await found({ openedSince: T, endedSince: T + 10 })).toEqual([['e']]);
    expect(await found({ openedSince: T + 1 })).toEqual([]);
    expect(await found({ endedSince: T + 11, watermark: until })).toEqual([['e']]);
    expect(await found({ endedSince: T + 11, watermark: until + 1 })).toEqual([]);
    // Frozen, and near enough to be met: there, without its event ids.
    expect(await found({ endedSince: T + 10, watermark: until + 1 })).toEqual([null]);
    expect(await found({ sessions: [{ sessionId: 's', debug: true, openVisitIds: [] }] })).toEqual([]);
  });

  test('event ids of a visit that was merged away are found with the one that took it, over any number of merges', async () => {
    const store = new MemoryStore<null>();
    const lease = await store.takeOver(0);
    const [a, b, c] = [visit(0, T, T), visit(1, T, T + 50), visit(2, T, T + 99)];
    const events = [a!, b!, c!].map((of, i) => ({
      visit: of,
      events: visitEvents([event(`e${i}`, of.startedAt)]),
    }));
    await lease.commit(commit(1, { visits: [a!, b!, c!].map((of) => ({ visit: of, from: null })), events }));
    await lease.commit(commit(2, { removed: [{ id: c!.id, from: 'open', survivor: b!.id }] }));
    await lease.commit(commit(3, { removed: [{ id: b!.id, from: 'open', survivor: a!.id }] }));
    const sessions = [{ sessionId: 's', debug: false, openVisitIds: [a!.id] }];
    const [found] = await lease.history(query({ sessions }));
    expect([...found!.openEventIds].map(([id, ids]) => [id, [...ids]])).toEqual([[a!.id, ['e0', 'e1', 'e2']]]);
    expect(store.visitEvents(a!.id).map(({ eventId, position }) => [eventId, position])).toEqual([
      ['e0', 1],
      ['e1', 2],
      ['e2', 3],
    ]);
    expect(store.visits().map(({ id }) => id)).toEqual([a!.id]);
  });
});

describe('profiles', () => {
  test('sums are kept from differences, and first and last seen are found anew once a visit left', async () => {
    const store = new MemoryStore<null>();
    const lease = await store.takeOver(0);
    const [a, b] = [visit(0, T, T, T + 5), visit(1, T, T + 50, T + 70)];
    for (const each of [a!, b!]) nameProfile(each, 'p', T);
    const gained = { visitCount: 2, eventCount: 4, durationMs: 25, firstSeenAt: T, lastSeenAt: T + 70 };
    const visits = [a!, b!].map((each) => ({ visit: each, from: null }));
    await lease.commit(commit(1, { visits }));
    expect(store.profiles()).toMatchObject([{ profileId: 'p', sessionCount: 1, ...gained }]);

    nameProfile(b!, 'q', T + 60, 'f');
    const taken = { visitCount: 1, eventCount: 2, durationMs: 20, firstSeenAt: T + 50, lastSeenAt: T + 70 };
    await lease.commit(commit(2, { visits: [{ visit: b!, from: 'open' }] }));
    expect(store.profiles()).toMatchObject([
      { profileId: 'p', visitCount: 1, eventCount: 2, durationMs: 5, firstSeenAt: T, lastSeenAt: T + 5 },
      { profileId: 'q', ...taken },
    ]);
  });

  test('a trait is replaced only by a later one, in this partition and across partitions, and null keeps older ones out', async () => {
    const store = new MemoryStore<null>();
    const [one, other] = [await store.takeOver(0), await store.takeOver(1)];
    await one.commit(commit(1, { traits: [trait('first', T)] }));
    await one.commit(commit(2, { traits: [trait('equal', T)] }));
    expect(store.profiles()).toMatchObject([{ profileId: 'p', visitCount: 0, traits: [['k', 'first']] }]);
    await other.commit(commit(1, { traits: [trait('later', T, 'f')] }));
    await one.commit(commit(3, { traits: [trait('not as late', T, 'e', 't')] }));
    expect(store.profiles()).toMatchObject([{ traits: [['k', 'later']] }]);
    await one.commit(commit(4, { traits: [trait(null, T + 1)] }));
    await other.commit(commit(2, { traits: [trait('too old', T, 'g')] }));
    expect(store.profiles()).toEqual([]);
  });
});

describe('the outbox', () => {
  test('is read from the row that holds a sequence, at least one row and no more bytes than asked', async () => {
    const { lease } = await withRows(4);
    const firsts = async (from: number, bytes: number) => (await lease.outbox(from, bytes)).map(({ first }) => first);
    expect(await firsts(0, 1)).toEqual([0]);
    expect(await firsts(1, 20)).toEqual([1, 2]);
    expect(await firsts(1, 29)).toEqual([1, 2]);
    expect(await firsts(4, 100)).toEqual([]);
  });

  test('what is acknowledged leaves it for good, and is not counted in its bytes', async () => {
    const { store, lease } = await withRows(4);
    await lease.acknowledge(3);
    await lease.acknowledge(1);
    expect(store.outboxRows(0).map(({ first }) => first)).toEqual([3]);
    const next = await store.takeOver(0);
    expect([next.published, next.outboxBytes]).toEqual([3, 10]);
  });

  test('refuses messages that would leave a hole', async () => {
    const { lease } = await withRows(2);
    const state = { ...emptyState(3), sequence: 4 };
    await expect(lease.commit(commit(3, { state }, { outbox: row(3, 4, 1) }))).rejects.toThrow('does not lead from 2');
  });
});
