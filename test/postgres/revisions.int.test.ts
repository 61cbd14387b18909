import { expect, test } from '@jest/globals';
import type { Visit } from '../../src/core/memory/visit.ts';
import type { Revision } from '../../src/core/rules/visit-ended.ts';
import { describeReal } from '../support/stack.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

describeReal('what was once said of a visit stays said, wherever the visit goes', () => {
  const schema = testSchema();

  const ended = (sessionId: string): Visit =>
    makeVisit({ sessionId, ended: true, published: 1, reason: 'inactivity', endedWatermark: T0 });

  const saidOf = (visit: Visit, of: Partial<Revision> = {}): Revision => ({
    visitId: visit.id,
    revision: visit.published - 1,
    reason: visit.reason!,
    retracted: false,
    mergedInto: null,
    startedAt: visit.startedAt,
    endedAt: visit.lastEventAt,
    eventCount: visit.eventCount,
    decidedAt: T0 + visit.published,
    ...of,
  });

  async function revisionsOf(visit: Visit): Promise<unknown[]> {
    return await schema.sql(
      `SELECT visit_id AS "visitId", revision, reason, retracted, merged_into AS "mergedInto", started_at AS "startedAt",
        ended_at AS "endedAt", event_count AS "eventCount", decided_at AS "decidedAt"
      FROM visit_revisions WHERE visit_id = $1 ORDER BY revision`,
      [visit.id],
    );
  }

  async function inItsOwnRow(visit: Visit): Promise<boolean> {
    return (await schema.sql('SELECT FROM visit_revision WHERE visit_id = $1', [visit.id])).length === 0;
  }

  async function begin(sessionId: string) {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const visit = ended(sessionId);
    const first = saidOf(visit);
    await committer.commit([visit], { revisions: [first] });
    expect(await inItsOwnRow(visit)).toBe(true);
    expect(await revisionsOf(visit)).toEqual([first]);
    return { committer, visit, first };
  }

  const goOn = (visit: Visit, of: Partial<Visit>): Visit =>
    Object.assign(visit, { eventCount: visit.eventCount + 1, lastEventAt: visit.lastEventAt + 5 }, of);

  test('a visit that is open again, and ends again', async () => {
    const { committer, visit, first } = await begin('again');
    await committer.commit([goOn(visit, { ended: false })]);
    expect(await revisionsOf(visit)).toEqual([first]);
    goOn(visit, { ended: true, published: 2, reason: 'explicit' });
    const second = saidOf(visit);
    await committer.commit([visit], { revisions: [second] });
    expect(await revisionsOf(visit)).toEqual([first, second]);
  });

  test('a visit that is open and ends twice between two commits', async () => {
    const { committer, visit, first } = await begin('twice');
    goOn(visit, { published: 2 });
    const second = saidOf(visit);
    goOn(visit, { published: 3 });
    const third = saidOf(visit);
    await committer.commit([visit], { revisions: [second, third] });
    expect(await revisionsOf(visit)).toEqual([first, second, third]);
    goOn(visit, { published: 4, ended: false });
    const fourth = saidOf(visit);
    await committer.commit([visit], { revisions: [fourth] });
    expect(await revisionsOf(visit)).toEqual([first, second, third, fourth]);
  });

  test('a visit that changes and says nothing', async () => {
    const { committer, visit, first } = await begin('silent');
    await committer.commit([Object.assign(visit, { seal: 'explicit', lateEventCount: 7 })]);
    expect(await revisionsOf(visit)).toEqual([first]);
    // Not as a visit does, but what was said must not change with it.
    await committer.commit([goOn(visit, {})]);
    expect(await revisionsOf(visit)).toEqual([first]);
  });

  test('a visit that is merged away, and is retracted', async () => {
    const { committer, visit, first } = await begin('gone');
    const survivor = makeVisit({ sessionId: 'gone' });
    const retracted = saidOf(visit, { revision: 1, retracted: true, mergedInto: survivor.id, decidedAt: T0 + 9 });
    const removed = [{ id: visit.id, from: 'ended' as const, survivor: survivor.id }];
    await committer.commit([survivor], { removed, revisions: [retracted] });
    expect(await revisionsOf(visit)).toEqual([first, retracted]);
  });

  test('a visit that the store never had before it was merged away', async () => {
    const { committer } = await begin('never');
    const visit = ended('never');
    const first = saidOf(visit);
    const retracted = saidOf(visit, { revision: 1, retracted: true, mergedInto: makeVisit().id });
    await committer.commit([], { revisions: [first, retracted] });
    expect(await revisionsOf(visit)).toEqual([first, retracted]);
  });
});
