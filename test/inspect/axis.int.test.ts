import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type pg from 'pg';
import { axisVisits, openVisits } from '../../src/inspect/index.ts';
import { createPool } from '../../src/postgres/connect.ts';
import { testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { FoldedPartition, RULES, T0 } from './support/folded-partition.ts';

describeReal('what is drawn of the open visits', () => {
  const schema = testSchema();
  let pool: pg.Pool;
  const folded: FoldedPartition[] = [];

  beforeAll(async () => {
    pool = createPool(schema.options);
    // Visits begin a second apart, and the third partition has most; one of each is sealed, and due before others.
    for (const visits of [2, 4, 9]) {
      const partition = await FoldedPartition.takeOver(schema);
      for (let i = 0; i < visits; i++) await partition.event({ session: `s${i}`, t: T0 + i * 1_000 });
      await partition.event({ session: 's0', type: 'sign-out', t: T0 + 500, arrives: T0 + visits * 1_000 });
      folded.push(partition);
    }
  });
  afterAll(() => pool.end());

  const of = (visits: number, partitions = 12) => axisVisits(pool, RULES, { visits, partitions });

  test('is, if all fit, each visit with the due point of the list of open visits', async () => {
    for (const { partition, shown, rest, later } of await of(100)) {
      const open = await openVisits(pool, RULES, { partition });
      expect(shown.map(({ id, due, waitsFor, events }) => [id, due, waitsFor, events])).toEqual(
        open.map(({ visitId, ending, eventCount }) => [visitId, ending!.dueAt, ending!.watermarkToPass, eventCount]),
      );
      expect(shown.map(({ seal }) => seal).filter((seal) => seal !== null)).toEqual(['explicit']);
      expect([rest, later]).toEqual([0, []]);
    }
  });

  test('is else the next that are due, and of the rest how many are due when: together they are all', async () => {
    const all = new Map((await of(100)).map(({ partition, shown }) => [partition, shown]));
    for (const { partition, shown, rest, later, step } of await of(3)) {
      const open = all.get(partition)!;
      expect(shown).toEqual(open.slice(0, 3));
      expect(rest).toBe(open.length - shown.length);
      const expected = Map.groupBy(open.slice(3), ({ due }) => Math.floor(due / step) * step);
      expect(later).toEqual([...expected].map(([at, visits]) => ({ at, visits: visits.length })));
    }
  });

  test('is of the partitions with most open visits, in their order', async () => {
    expect((await of(1, 2)).map(({ partition }) => partition)).toEqual(
      folded.slice(1).map(({ partition }) => partition),
    );
  });

  test('stays small where visits are due at any time', async () => {
    const partition = await FoldedPartition.takeOver(schema);
    const rules = { ...RULES, gap: 1_000, outOfOrderness: 0, arrivalGrace: 0 };
    for (let i = 0; i < 40; i++) await partition.event({ session: `far${i}`, t: T0 + i * 60_000 });
    const drawn = (await axisVisits(pool, rules, { visits: 1 })).find((one) => one.partition === partition.partition)!;
    const { later } = drawn;
    expect(later.reduce((total, { visits }) => total + visits, 0)).toBe(drawn.rest);
    expect(drawn.rest).toBeGreaterThan(5);
    expect(later.length).toBeLessThan(drawn.rest);
  });
});
