import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { noCounts } from '../../src/core/changes.ts';
import type { Visit } from '../../src/core/memory/visit.ts';
import { contextEntries } from '../../src/core/rules/context.ts';
import type { PostgresStore } from '../../src/postgres/store.ts';
import { plainVisit } from '../support/plain-visit.ts';
import { describeReal } from '../support/stack.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';
import { visits } from './support/visits.ts';

describeReal('a visit comes back from Postgres as it was committed', () => {
  const schema = testSchema();

  /** All of the partition's visits of these sessions, as a processor that takes it over finds them. */
  async function reload(store: PostgresStore<string>, partition: number, of: readonly Visit[]): Promise<Visit[]> {
    const lease = await store.takeOver(partition);
    const sessions = of.map(({ sessionId, debug }) => ({ sessionId, debug, openVisitIds: [] }));
    const bounds = { openedSince: 0, endedSince: 0, watermark: Number.MAX_SAFE_INTEGER };
    const found = (await lease.history({ sessions, ...bounds })).flatMap(({ ended }) => ended);
    const all = new Map([...lease.open, ...found].map((visit) => [visit.id, visit]));
    await lease.release();
    return of.flatMap(({ id }) => all.get(id) ?? []);
  }

  test('whatever it holds, and whichever years its times are of', async () => {
    const store = schema.store();
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(visits, { selector: ({ id }) => id, minLength: 1, maxLength: 6 }),
        async (all) => {
          const partition = schema.nextPartition();
          await new TestCommitter(await store.takeOver(partition)).commit(all);
          const loaded = await reload(store, partition, all);
          expect(loaded.map(plainVisit)).toStrictEqual(all.map(plainVisit));
          expect(loaded.map(contextEntries)).toStrictEqual(all.map(contextEntries));
        },
      ),
      { numRuns: 40 },
    );
  });

  const places = ['open', 'ended'] as const;
  for (const from of [null, ...places]) {
    for (const to of places) {
      test(`moved from ${from ?? 'nowhere'} to ${to}, it is there once, with what changed`, async () => {
        const partition = schema.nextPartition();
        const store = schema.store();
        const committer = new TestCommitter(await store.takeOver(partition));
        const visit = makeVisit({ ended: from === 'ended', reason: from === 'ended' ? 'inactivity' : null });
        const beside = makeVisit({ ended: from === 'ended' });
        await committer.commit(from === null ? [beside] : [visit, beside]);
        visit.ended = to === 'ended';
        visit.seal = 'max_events';
        visit.eventCount = 77;
        visit.lastEventAt += 5;
        await committer.commit([visit]);
        expect(await schema.sql('SELECT status FROM visits WHERE visit_id = $1', [visit.id])).toEqual([{ status: to }]);
        expect((await reload(store, partition, [visit, beside])).map(plainVisit)).toStrictEqual(
          [visit, beside].map(plainVisit),
        );
      });
    }
  }

  for (const from of places) {
    test(`merged away from ${from}, it is gone and the rest stays`, async () => {
      const partition = schema.nextPartition();
      const committer = new TestCommitter(await schema.store().takeOver(partition));
      const [survivor, other] = [makeVisit(), makeVisit({ ended: from === 'ended' })];
      await committer.commit([survivor, other]);
      await committer.commit([survivor], { removed: [{ id: other.id, from, survivor: survivor.id }] });
      const rows = await schema.sql('SELECT visit_id FROM visits WHERE opened_partition = $1', [partition]);
      expect(rows).toEqual([{ visit_id: survivor.id }]);
    });
  }

  test('many movements in one commit', async () => {
    const partition = schema.nextPartition();
    const store = schema.store();
    const committer = new TestCommitter(await store.takeOver(partition));
    const before = Array.from({ length: 40 }, (_, i) => makeVisit({ sessionId: `m${i}`, ended: i % 2 === 0 }));
    await committer.commit(before);
    for (const [i, visit] of before.entries()) {
      visit.ended = i % 3 === 0;
      visit.lateEventCount = i;
    }
    const fresh = Array.from({ length: 20 }, (_, i) => makeVisit({ sessionId: `n${i}`, ended: i % 2 === 0 }));
    await committer.commit([...fresh, ...before].reverse());
    const all = [...before, ...fresh];
    expect((await reload(store, partition, all)).map(plainVisit)).toStrictEqual(all.map(plainVisit));
  });

  test('state of the partition, the last record and writer schemas come back too', async () => {
    const partition = schema.nextPartition();
    const store = schema.store();
    const first = await store.takeOver(partition);
    expect(first).toMatchObject({ epoch: 1, started: false, lastRecord: null, published: 0, outboxBytes: 0 });
    const committer = new TestCommitter(first);
    const state = {
      nextOffset: 2 ** 52,
      sequence: 7,
      arrivalClock: T0,
      eventClock: -1,
      anticipatedTo: null,
      amendable: [[5, 6] as const],
      counts: { ...first.state.counts, merged: 3 },
    };
    const mark = { offset: 2 ** 52 - 1, digest: 'ab' };
    const writerSchemas = [{ id: 5, schema: '"string"', fromOffset: 7 }];
    await committer.commit([], { state }, { lastRecord: mark, writerSchemas });
    await committer.commit([], {}, { writerSchemas });
    const second = await store.takeOver(partition);
    expect(second.state).toEqual({ ...state, nextOffset: 2 ** 52 + 1, counts: committer.state.counts });
    expect(second).toMatchObject({ epoch: 2, started: true, lastRecord: mark });
    expect([...second.writerSchemas]).toEqual([[5, '"string"']]);
    expect([...(await store.takeOver(schema.nextPartition())).writerSchemas]).toEqual([]);
  });

  test('a state that was kept before something was counted goes on from none of it', async () => {
    const partition = schema.nextPartition();
    const store = schema.store();
    const committer = new TestCommitter(await store.takeOver(partition));
    await committer.commit([], { state: { ...committer.state, counts: { ...noCounts(), records: 5, joined: 5 } } });
    const { records, joined } = (await store.takeOver(partition)).state.counts;
    await schema.sql("UPDATE partition_state SET counts = counts - '{endedExplicit,clockRegressions}'::text[]");
    expect((await store.takeOver(partition)).state.counts).toEqual({ ...noCounts(), records, joined });
  });
});
