import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import {
  inspectProfile,
  inspectSession,
  inspectVisit,
  openVisits,
  recentlyEnded,
  search,
  stateCounts,
} from '../../src/inspect/index.ts';
import { createPool } from '../../src/postgres/connect.ts';
import { testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { FoldedPartition, MINUTE, RULES, T0 } from './support/folded-partition.ts';

describeReal('what is said of a visit is what the fold does with it', () => {
  const schema = testSchema();
  let pool: pg.Pool;
  beforeAll(() => {
    pool = createPool(schema.options);
  });
  afterAll(() => pool.end());

  const visitOf = async (id: string, now = T0) => (await inspectVisit(pool, RULES, id, {}, now))!;

  test('an open visit ends at the very millisecond that was shown, if nothing comes', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const { visitId } = await partition.event({ t: T0 });
    const { visit } = await visitOf(visitId);
    const endsAt = visit!.ending!.endsAt!;
    expect(await partition.quiet(endsAt - 1 - RULES.clockMargin!)).toBe(0);
    expect((await visitOf(visitId, endsAt)).visit!.status).toBe('open');
    expect(await partition.quiet(endsAt - RULES.clockMargin!)).toBe(1);
    expect((await visitOf(visitId, endsAt)).why).toMatch(/^ended at 12:00:00 UTC: 30 minutes without an event; /);
  });

  test('and sooner, as was shown, once the events of others move the watermark', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const { visitId } = await partition.event({ t: T0 });
    const { watermarkToPass } = (await visitOf(visitId)).visit!.ending!;
    const passes = watermarkToPass + RULES.outOfOrderness;
    await partition.event({ session: 'other', t: passes });
    expect((await visitOf(visitId, passes)).visit!.status).toBe('open');
    await partition.event({ session: 'other', t: passes + 1 });
    expect((await visitOf(visitId, passes)).visit!.ending).toBeNull();
  });

  test('and is never shown to end by the clock if only records end visits', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const { visitId } = await partition.event({ t: T0 });
    const rules = { ...RULES, clockMargin: null };
    const { visit, why } = (await inspectVisit(pool, rules, visitId, {}, T0))!;
    expect(visit!.ending).toMatchObject({ endsAt: null, hold: 'record' });
    await partition.event({ session: 'other', t: T0 - 5 * MINUTE, arrives: visit!.ending!.dueAt });
    expect((await visitOf(visitId)).visit!.status).toBe('open');
    await partition.event({ session: 'other', t: T0 - 5 * MINUTE, arrives: visit!.ending!.dueAt + 1 });
    expect((await visitOf(visitId)).visit!.status).toBe('ended');
    expect(why).toMatch(/^open; ends with the first record of partition \d+ stamped after 12:31:10 UTC/);
  });

  test('a visit without a processor is not shown to end', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const { visitId } = await partition.event({ t: T0 });
    await partition.leave();
    expect((await visitOf(visitId)).why).toBe(
      `open; it cannot end: no processor holds partition ${partition.partition}. It is due at 12:31:10 UTC`,
    );
  });

  test('the event that ended it, its revisions, and how long it can change are shown', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    await partition.event({ t: T0, page: '/' });
    await partition.event({ t: T0 + 20 * MINUTE, page: '/lamps' });
    const { visitId } = await partition.event({ t: T0 + 25 * MINUTE, type: 'sign-out' });
    await partition.event({ session: 'other', t: T0 + 27 * MINUTE });
    const ended = await visitOf(visitId);
    const until = T0 + 55 * MINUTE + RULES.allowedLateness;
    expect(ended.why).toBe(
      'ended at 12:25:00 UTC: by its event sign-out; a late event can change it until the watermark is past 2026-11-06 12:55:00 UTC',
    );
    expect(ended.visit).toMatchObject({ endReason: 'explicit', amendableUntil: until, final: false });
    expect(ended.events.items.map(({ type, gapMs }) => [type, gapMs])).toEqual([
      ['page-view', null],
      ['page-view', 20 * MINUTE],
      ['sign-out', 5 * MINUTE],
    ]);
    expect(ended.longestGapMs).toBe(20 * MINUTE);
    expect(ended.revisions).toMatchObject([{ revision: 0, reason: 'explicit', eventCount: 3, retracted: false }]);

    await partition.event({ t: T0 + 5 * MINUTE, arrives: T0 + 27 * MINUTE });
    expect((await visitOf(visitId)).why).toMatch(
      /^open again since revision 0, which said explicit: a late event came; an event of an ending type closed it; ends at /,
    );
    await partition.event({ session: 'other', t: until + RULES.outOfOrderness });
    expect((await visitOf(visitId)).visit).toMatchObject({ revision: 1, final: false });
    await partition.event({ session: 'other', t: until + RULES.outOfOrderness + 1 });
    expect((await visitOf(visitId)).visit).toMatchObject({ revision: 1, final: true });
  });

  test('a visit that was merged away is found, with the one that it was merged into', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const first = await partition.event({ session: 'm', t: T0 });
    const second = await partition.event({ session: 'm', t: T0 + 50 * MINUTE });
    await partition.event({ session: 'other', t: T0 + 82 * MINUTE });
    expect((await visitOf(second.visitId)).visit!.status).toBe('ended');
    await partition.event({ session: 'm', t: T0 + 25 * MINUTE, arrives: T0 + 82 * MINUTE });
    const merged = await visitOf(second.visitId);
    expect(merged).toMatchObject({ visit: null, mergedInto: first.visitId, events: { total: 0 } });
    expect(merged.why).toContain(`merged into ${first.visitId} by a late event, at 13:22:00 UTC by the arrival clock`);
    expect(merged.revisions.map(({ revision, retracted }) => [revision, retracted])).toEqual([
      [0, false],
      [1, true],
    ]);
    expect((await visitOf(first.visitId)).merged).toEqual([second.visitId]);
  });

  test('what is not there is null, and what cannot be read is an error', async () => {
    const unknown = '01930000-0000-8000-8000-000000000000';
    expect(await inspectVisit(pool, RULES, unknown)).toBeNull();
    expect(await inspectVisit(pool, RULES, 'no-uuid')).toBeNull();
    expect(await inspectSession(pool, RULES, 'nobody')).toBeNull();
    expect(await inspectProfile(pool, RULES, 'nobody')).toBeNull();
    const nowhere = createPool({ url: schema.url, schema: 'there_is_no_such_schema' });
    await expect(inspectVisit(nowhere, RULES, unknown)).rejects.toThrow('visit_revisions');
    await nowhere.end();
  });

  test('sessions and profiles come with their sums and their visits, newest first', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const visits = [];
    for (const i of [0, 1, 2]) {
      visits.push(await partition.event({ session: 'three', profile: 'ada', t: T0 + i * 60 * MINUTE }));
    }
    await partition.event({ session: 'debugged', profile: 'ada', t: T0, arrives: T0 + 120 * MINUTE, debug: true });
    const session = (await inspectSession(pool, RULES, 'three', { limit: 2, offset: 1 }, T0))!;
    expect(session.sums).toMatchObject([
      { partition: partition.partition, visitCount: 3, eventCount: 3, endedAt: null },
    ]);
    expect(session.visits.total).toBe(3);
    expect(session.visits.items.map(({ visitId }) => visitId)).toEqual([visits[1]!.visitId, visits[0]!.visitId]);
    const profile = (await inspectProfile(pool, RULES, 'ada', {}, T0))!;
    expect(profile.sums).toMatchObject({ visitCount: 3, sessionCount: 1, firstSeenAt: T0 });
    expect(profile.visits.items.map(({ debug }) => debug)).toEqual([
      false,
      false,
      expect.anything(),
      expect.anything(),
    ]);
    expect((await inspectSession(pool, RULES, 'debugged'))!.sums).toEqual([]);
  });

  test('ids are found by how they begin', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const { visitId } = await partition.event({ session: 'find_me', profile: 'find%you', t: T0 + MINUTE });
    expect(await search(pool, visitId.slice(0, 20).toUpperCase())).toMatchObject({ visits: [visitId] });
    expect(await search(pool, 'find')).toEqual({
      visits: [],
      sessions: ['find_me'],
      profiles: ['find%you'],
      more: false,
    });
    expect(await search(pool, 'find%')).toMatchObject({ sessions: [], profiles: ['find%you'] });
    await partition.event({ session: 'find_more', t: T0 + MINUTE });
    expect(await search(pool, 'find', 1)).toMatchObject({ sessions: ['find_me'], more: true });
  });
});

describeReal('what is due, and what has ended', () => {
  const schema = testSchema();
  let pool: pg.Pool;
  beforeAll(() => {
    pool = createPool(schema.options);
  });
  afterAll(() => pool.end());

  test('open visits are in the order in which they are due, and end in it', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const at = (minutes: number) => T0 + minutes * MINUTE;
    // One visit is amended and so waits longer, one is sealed, for one the watermark has passed the gap, and there are others.
    const amended = await partition.event({ session: 'a', t: at(0) });
    await partition.event({ session: 'x', t: at(40) });
    await partition.event({ session: 'a', t: at(1), arrives: at(40) });
    await partition.event({ session: 'b', t: at(39), arrives: at(40) });
    await partition.event({ session: 'c', t: at(38), type: 'sign-out', arrives: at(40) + 1 });
    await partition.event({ session: 'd', t: at(-120), arrives: at(40) + 2 });
    const open = await openVisits(pool, RULES, { partition: partition.partition }, at(40));
    const due = open.map(({ ending }) => ending!.dueAt);
    expect(due).toEqual([...due].sort((a, b) => a - b));
    expect(new Set(due).size).toBeGreaterThan(3);
    expect(open.map(({ sessionId }) => sessionId)).toContain('a');
    expect(open.find(({ visitId }) => visitId === amended.visitId)).toMatchObject({ revision: 0 });
    for (const [i, { visitId, ending }] of open.entries()) {
      await partition.quiet(ending!.dueAt);
      const before = (await inspectVisit(pool, RULES, visitId))!.visit!.status;
      if (due[i] !== due[i - 1]) expect(before).toBe('open');
      await partition.quiet(ending!.dueAt + 1);
      const [newest] = await recentlyEnded(pool, RULES, 1);
      if (due[i] !== due[i + 1]) expect(newest!.visitId).toBe(visitId);
    }
    expect(await openVisits(pool, RULES, { partition: partition.partition })).toEqual([]);
    expect(await openVisits(pool, RULES)).toEqual([]);
    const counts = await stateCounts(pool);
    expect(counts).toMatchObject({ openVisits: 0, records: 6, events: 6, revisions: 6, retractions: 0 });
    const ended = await recentlyEnded(pool, RULES, 10);
    expect(ended.map(({ decidedAt }) => decidedAt)).toEqual(
      ended
        .map(({ decidedAt }) => decidedAt)
        .sort()
        .reverse(),
    );
    expect(ended).toHaveLength(5);
  });
});
