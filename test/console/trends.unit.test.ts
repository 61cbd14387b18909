import { describe, expect, test } from '@jest/globals';
import { SPANS, TRENDS, trendSql, trendsOf } from '../../src/console/trend-queries.ts';
import { type TrendAnswer, Trends } from '../../src/console/trends.ts';

const ANSWER: TrendAnswer = { columns: ['hour_begin', 'begun'], rows: [[0, 1]] };

/** Queries that end when the test lets them, on a clock that the test moves. */
class FakeQueries {
  readonly begun: string[] = [];
  at = 1_000_000;
  under = 0;
  most = 0;
  took = 10;
  failure: Error | null = null;
  held: Promise<void> = Promise.resolve();
  readonly trends = new Trends({ schema: 'tidemark', now: () => this.at, run: (sql) => this.run(sql) });

  private async run(sql: string): Promise<TrendAnswer> {
    this.begun.push(sql);
    this.under += 1;
    this.most = Math.max(this.most, this.under);
    await this.held;
    this.at += this.took;
    this.under -= 1;
    if (this.failure !== null) throw this.failure;
    return ANSWER;
  }
}

describe('trends', () => {
  test('are asked for one at a time, and by many who look no more often than by one', async () => {
    const world = new FakeQueries();
    await Promise.all(Array.from({ length: 50 }, () => world.trends.get('hours')));
    await world.trends.get('days');
    expect(world.begun.length).toBe(2 * TRENDS.length);
    expect(world.most).toBe(1);
  });

  test('are read again once the answer is old, and not before', async () => {
    const world = new FakeQueries();
    const [first] = await world.trends.get('hours');
    world.at = first!.at! + 29_000;
    await world.trends.get('hours');
    expect(world.begun.length).toBe(TRENDS.length);
    world.at += 31_000;
    const again = await world.trends.get('hours');
    expect(again[0]!.at).toBe(world.at - TRENDS.length * world.took);
  });

  test.each([false, true])(
    'take no more than a twentieth of the time, however slow they are (failing: %s)',
    async (fails) => {
      const world = new FakeQueries();
      world.took = 1_500;
      world.failure = fails ? new Error('no') : null;
      const [from, hour] = [world.at, 3_600_000];
      while (world.at < from + hour) {
        await world.trends.get('hours');
        await world.trends.get('days');
        world.at += 1_000;
      }
      expect((world.begun.length * world.took) / (world.at - from)).toBeLessThan(1 / 20 + 0.01);
      expect(world.begun.length).toBeGreaterThan(2 * TRENDS.length);
    },
  );

  test('that take long keep no page waiting: what is known comes with the mark that it is being read', async () => {
    const world = new FakeQueries();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.held = promise;
    const trends = await world.trends.get('days');
    expect(trends.map(({ answer, reading }) => [answer, reading])).toEqual(TRENDS.map(() => [null, true]));
    resolve();
    const after = await world.trends.get('days');
    expect(after.map(({ answer, reading }) => [answer, reading])).toEqual(TRENDS.map(() => [ANSWER, false]));
  });

  test('that fail come with the reason and with what was known before', async () => {
    const world = new FakeQueries();
    await world.trends.get('hours');
    world.failure = Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
    world.at += 60_000;
    const [visits] = await world.trends.get('hours');
    expect(visits).toMatchObject({ answer: ANSWER, error: expect.stringContaining('longer than 5 s'), reading: false });
    world.failure = null;
    world.at += 600_000;
    expect((await world.trends.get('hours'))[0]).toMatchObject({ error: null });
  });

  test('that wait are not begun any more at the end', async () => {
    const world = new FakeQueries();
    const { promise, resolve } = Promise.withResolvers<void>();
    world.held = promise;
    const got = world.trends.get('hours');
    world.trends.close();
    resolve();
    await got;
    await world.trends.get('hours');
    expect(world.begun.length).toBe(1);
  });
});

describe('the SQL of a trend', () => {
  const all = (['minutes', 'hours', 'days'] as const).flatMap((span) =>
    trendsOf(span).map((name) => [name, span] as const),
  );

  test.each(all)('%s of %s reads views of the schema, bounds its rows and takes no parameter', (name, span) => {
    const sql = trendSql(name, span, 'of_ours');
    expect(sql).toMatch(/\nLIMIT \d+$/);
    expect(sql).not.toMatch(/\$|;/);
    const tables = [...sql.matchAll(/\bFROM (?!percentile_cont)(\S+)/g)].map(([, table]) => table!);
    expect(tables.filter((table) => !/^("of_ours"\.(visits|set_aside)|moment)$/.test(table))).toEqual([]);
    expect(Number(sql.match(/LIMIT (\d+)$/)![1])).toBeLessThanOrEqual(SPANS[span].parts);
  });
});
