import { expect, test } from '@jest/globals';
import type { Visit, VisitEvent } from '../../src/core/memory/visit.ts';
import { describeReal } from '../support/stack.ts';
import { visitEvents } from '../support/visit-events.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { sessionsOf } from './support/paired-lease.ts';
import { testSchema } from './support/schema.ts';

const DAY = 86_400_000;

describeReal('events and ended visits are found again', () => {
  const schema = testSchema();

  function event(eventId: string, t: number, of: Partial<VisitEvent> = {}): VisitEvent {
    return { eventId, type: 'page-view', t, page: null, properties: null, ...of };
  }

  function holding(visit: Visit, ...events: VisitEvent[]) {
    return { visit, events: visitEvents(events) };
  }

  test('in order of time, then of event id as bytes, over all commits, with whatever they hold', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const visit = makeVisit({ sessionId: 'order' });
    const uuid = '0c9f9a52-7f3b-4a52-9b0e-0f4b8f1e2d3c';
    const upper = uuid.toUpperCase();
    const first = [
      event('z', T0),
      event(uuid, T0 + 5, { page: '/a', properties: '{"b":1,"a":[null]}' }),
      event('é', T0 + 5, { type: 'click' }),
    ];
    await committer.commit([visit], { events: [holding(visit, ...first)] });
    await committer.commit([visit], {
      events: [holding(visit, event(upper, T0 + 5), event('A', T0 + 5), event('y', T0 - 1))],
    });
    const rows = await schema.sql('SELECT * FROM visit_events WHERE visit_id = $1 ORDER BY position', [visit.id]);
    expect(rows.map(({ event_id }) => event_id)).toEqual(['y', 'z', upper, uuid, 'A', 'é']);
    expect(rows.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rows[3]).toEqual({
      visit_id: visit.id,
      session_id: 'order',
      position: 4,
      event_id: uuid,
      type: 'page-view',
      occurred_at: T0 + 5,
      page: '/a',
      properties: { b: 1, a: [null] },
    });
    expect(rows[5]).toMatchObject({ type: 'click', page: null, properties: null });
    expect(await schema.sql(`SELECT * FROM visit_events WHERE session_id = 'order' ORDER BY position`)).toEqual(rows);
  });

  test('visits merged away in a chain, in one commit or in several, lead to the one that stands', async () => {
    const partition = schema.nextPartition();
    const committer = new TestCommitter(await schema.store().takeOver(partition));
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map((name, i) => {
      const startedAt = T0 + i * 1000;
      return { visit: makeVisit({ sessionId: 'chain', startedAt, openedAt: startedAt }), own: event(name, startedAt) };
    }) as [Held, Held, Held, Held, Held];
    const all = [a, b, c, d, e];
    await committer.commit(
      all.map(({ visit }) => visit),
      { events: all.map(({ visit, own }) => holding(visit, own)) },
    );
    const gone = (from: Held, to: Held) => ({ id: from.visit.id, from: 'open' as const, survivor: to.visit.id });
    await committer.commit([d.visit], { removed: [gone(e, d)] });
    await committer.commit([a.visit], { removed: [gone(d, c), gone(c, b)] });
    await committer.commit([a.visit], { removed: [gone(b, a)] });
    const rows = await schema.sql(
      `SELECT visit_id, event_id FROM visit_events WHERE session_id = 'chain' ORDER BY position`,
    );
    expect(rows).toEqual(['a', 'b', 'c', 'd', 'e'].map((event_id) => ({ visit_id: a.visit.id, event_id })));
    expect(await schema.sql('SELECT DISTINCT survivor FROM visit_alias')).toEqual([{ survivor: a.visit.id }]);
    const [history] = await committer.lease.history({
      sessions: [{ sessionId: 'chain', debug: false, openVisitIds: [a.visit.id] }],
      openedSince: 0,
      endedSince: 0,
      watermark: 0,
    });
    expect([...history!.openEventIds.get(a.visit.id)!].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('ended visits within the bounds, with their event ids where they are not frozen', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    // amendable_until is a day after the end.
    const make = (openedAt: number, lastEventAt: number, of: Partial<Visit> = {}) =>
      makeVisit({ sessionId: 'bounds', openedAt, startedAt: lastEventAt - 1, lastEventAt, ended: true, ...of });
    const watermark = T0;
    const amendable = make(T0 - 40 * DAY, T0 - DAY);
    const frozen = make(T0 - 40 * DAY, T0 - DAY - 1);
    const openedTooEarly = make(T0 - 40 * DAY - 1, T0 - DAY);
    const endedTooEarly = make(T0 - 40 * DAY, T0 - 30 * DAY - 1);
    const endedJustInTime = make(T0 - 40 * DAY, T0 - 30 * DAY);
    const oldButAmendable = make(T0 - 40 * DAY, T0 - 31 * DAY);
    const debug = makeVisit({ sessionId: 'bounds', debug: true, ended: true });
    const stranger = makeVisit({ sessionId: 'bounds2', ended: true });
    const open = makeVisit({ sessionId: 'bounds' });
    const all = [
      amendable,
      frozen,
      openedTooEarly,
      endedTooEarly,
      endedJustInTime,
      oldButAmendable,
      debug,
      stranger,
      open,
    ];
    await committer.commit(
      all,
      {
        events: all.map((visit, i) =>
          holding(visit, event(`e${i}`, visit.startedAt), event(`f${i}`, visit.lastEventAt)),
        ),
      },
      { amendableUntil: (visit) => (visit === oldButAmendable ? T0 : visit.lastEventAt + DAY) },
    );
    const sessions = [
      { sessionId: 'nobody', debug: false, openVisitIds: [] },
      { sessionId: 'bounds', debug: false, openVisitIds: [open.id] },
      { sessionId: 'bounds', debug: true, openVisitIds: [] },
    ];
    const bounds = { openedSince: T0 - 40 * DAY, endedSince: T0 - 30 * DAY, watermark };
    const [nobody, mine, debugs] = await committer.lease.history({ sessions, ...bounds });
    expect(nobody).toMatchObject({ sessionId: 'nobody', ended: [], openEventIds: new Map() });
    const found = new Map(mine!.ended.map((visit) => [visit.id, visit.eventIds && new Set(visit.eventIds)]));
    expect(found).toEqual(
      new Map([
        [amendable.id, new Set(['e0', 'f0'])],
        [frozen.id, null],
        [endedJustInTime.id, null],
        [oldButAmendable.id, new Set(['e5', 'f5'])],
      ]),
    );
    expect([...mine!.openEventIds].map(([id, ids]) => [id, [...ids].sort()])).toEqual([[open.id, ['e8', 'f8']]]);
    expect(debugs!.ended.map(({ id }) => id)).toEqual([debug.id]);
    const ids = await sessionsOf(committer.lease, bounds);
    expect(ids.sort()).toEqual(['bounds', 'bounds', 'bounds', 'bounds', 'bounds', 'bounds2']);
  });

  test('bounds without an end find everything', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const visit = makeVisit({ sessionId: 'endless', openedAt: 5, startedAt: Date.UTC(2000, 0), ended: true });
    await committer.commit([visit]);
    const sessions = [{ sessionId: 'endless', debug: false, openVisitIds: [] }];
    const [found] = await committer.lease.history({
      sessions,
      openedSince: -Infinity,
      endedSince: -Infinity,
      watermark: Infinity,
    });
    expect(found!.ended.map(({ id }) => id)).toEqual([visit.id]);
  });

  test('a visit of more events than fit into a row, or of events that are large, has them all', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const [many, large] = [makeVisit({ sessionId: 'many' }), makeVisit({ sessionId: 'large' })];
    const page = '/"\\\u0001é😀'.repeat(200);
    const ofMany = Array.from({ length: 1_000 }, (_, i) => event(crypto.randomUUID(), T0 + i, { page: `/${i}` }));
    const ofLarge = Array.from({ length: 20 }, (_, i) => event(`e${i}`, T0 + i, { type: page.slice(0, i + 1), page }));
    await committer.commit([many, large], { events: [holding(many, ...ofMany), holding(large, ...ofLarge)] });
    for (const [visit, events] of [[many, ofMany] as const, [large, ofLarge] as const]) {
      const rows = await schema.sql('SELECT * FROM visit_events WHERE visit_id = $1 ORDER BY position', [visit.id]);
      expect(rows.map(({ event_id, type, occurred_at, page }) => [event_id, type, occurred_at, page])).toEqual(
        events.map(({ eventId, type, t, page }) => [eventId, type.toWellFormed(), t, page]),
      );
    }
  });

  test('revisions are kept as they were said', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const visit = makeVisit({ ended: true });
    const said = {
      visitId: visit.id,
      revision: 0,
      reason: 'inactivity' as const,
      retracted: false,
      mergedInto: null,
      startedAt: T0,
      endedAt: T0 + 1,
      eventCount: 2,
      decidedAt: T0 + 2,
    };
    const next = { ...said, revision: 1, reason: 'explicit' as const, retracted: true, mergedInto: makeVisit().id };
    await committer.commit([visit], { revisions: [said] });
    await committer.commit([visit], { revisions: [next] });
    const rows = await schema.sql('SELECT * FROM visit_revisions WHERE visit_id = $1 ORDER BY revision', [visit.id]);
    const asRow = ({
      visitId,
      mergedInto,
      startedAt,
      endedAt,
      eventCount,
      decidedAt,
      ...same
    }: typeof next | typeof said) => ({
      ...same,
      visit_id: visitId,
      merged_into: mergedInto,
      started_at: startedAt,
      ended_at: endedAt,
      event_count: eventCount,
      decided_at: decidedAt,
    });
    expect(rows).toEqual([asRow(said), asRow(next)]);
    await expect(committer.commit([visit], { revisions: [said] })).rejects.toThrow('duplicate key');
  });
});

interface Held {
  readonly visit: Visit;
  readonly own: VisitEvent;
}
