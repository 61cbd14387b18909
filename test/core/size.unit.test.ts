import { describe, expect, test } from '@jest/globals';
import { emptyState } from '../../src/core/changes.ts';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import { absorb, applyEvents } from '../../src/core/memory/folding.ts';
import { PendingEvents } from '../../src/core/memory/pending-events.ts';
import type { HintedEvent } from '../../src/core/memory/read-event.ts';
import { VisitTable } from '../../src/core/memory/visit-table.ts';
import { Partition } from '../../src/core/partition.ts';
import type { TrackEvent } from '../../src/core/rules/event.ts';
import { loadSettings, rulesOf } from '../../src/settings/index.ts';
import { bareVisit } from '../support/bare-visit.ts';

const RULES = rulesOf(loadSettings({ env: {} }).settings);
const T = 1_767_225_600_000;

function event(session: string, id: string, extra = ''): TrackEvent {
  return {
    ...{ eventId: id, sessionId: session, debug: false, profileId: null, sourceId: null, type: 'a', t: T },
    ...{ page: null, referrer: null, utm: null, named: null, traits: [], properties: null },
    ...{ contextPage: null, contextUtm: null },
    context: extra === '' ? [] : [['extra', { text: extra }]],
  };
}

/** A partition with so many open visits, all committed. */
function open(count: number, extra: string): Partition<null> {
  const partition = new Partition<null>(RULES, { topic: 't', partition: 0 }, emptyState(), []);
  const records = Array.from({ length: count }, (_, offset) => ({
    ...{ offset, timestamp: T, raw: null },
    entries: [event(`s${offset}`, `e${offset}`, extra)],
  }));
  partition.prepare(records);
  for (const record of records) partition.fold(record);
  partition.settle(partition.take().inCommit);
  return partition;
}

describe('what a commit takes', () => {
  test('large visits that end together are counted by their size, long after the records that made them so', () => {
    const partition = open(50, 'x'.repeat(30_000));
    expect(partition.largeBytes).toBe(0);
    partition.endDue(T + 3_600_000);
    expect(partition.pending).toBe(100);
    expect(partition.largeBytes).toBeGreaterThan(50 * 28_000);
    partition.take();
    expect(partition.largeBytes).toBe(0);
  });

  test('ordinary visits add nothing: commits are as large as before', () => {
    const partition = open(50, 'x'.repeat(400));
    partition.endDue(T + 3_600_000);
    expect(partition.pending).toBe(100);
    expect(partition.largeBytes).toBe(0);
  });
});

test('a visit that was loaded is looked at, because its size is unknown', () => {
  const visit = bareVisit(T);
  visit.context = [['extra', { text: 'x'.repeat(30_000) }]];
  visit.stored = 'open';
  const state = { ...emptyState(1), arrivalClock: T, eventClock: T };
  const partition = new Partition<null>(RULES, { topic: 't', partition: 0 }, state, [visit]);
  expect(partition.endDue(T + 3_600_000)).toBe(1);
  expect(partition.largeBytes).toBeGreaterThan(28_000);
});

test('a visit is looked at once one of its events is not small for certain, and what is merged with it is too', () => {
  const partition = new Partition<null>(RULES, { topic: 't', partition: 0 }, emptyState(), []);
  let offset = 0;
  const fold = (one: HintedEvent) => {
    const record = { offset: offset++, timestamp: T, raw: null, entries: [one] };
    partition.prepare([record]);
    partition.fold(record);
  };
  const [small, large] = ['', 'x'.repeat(30_000)];
  const minutes = (count: number) => T - count * 60_000;
  fold({ ...event('s', 'first', small), t: minutes(50), shared: true });
  fold({ ...event('s', 'last', large), t: minutes(10) });
  expect(partition.largeBytes).toBeGreaterThan(28_000);
  partition.take();
  fold({ ...event('s', 'between', small), t: minutes(30), shared: true });
  expect(partition.largeBytes).toBeGreaterThan(28_000);
  expect([...partition.visits()]).toHaveLength(1);
});

test('visits of some hundred thousand events merge', () => {
  const [fresh, table] = [new PendingEvents(), new VisitTable()];
  const visits = ['a', 'b'].map((name) => {
    const visit = bareVisit(T, table);
    visit.knowsIds = true;
    for (let i = 0; i < 200_000; i++) fresh.add(visit, event('s', `${name}${i}`), new PackedId().set(`${name}${i}`));
    applyEvents(RULES, visit, fresh);
    return visit;
  });
  absorb(visits[0]!, visits[1]!, fresh);
  expect([...fresh.take(visits[0]!)!]).toHaveLength(400_000);
  expect(visits[0]!.eventIds!.size).toBe(400_000);
});
