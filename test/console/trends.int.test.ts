import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { SPANS, type SpanName, TRENDS, type TrendName, trendSql, trendsOf } from '../../src/console/trend-queries.ts';
import { type Trend, TrendsStore } from '../../src/console/trends.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { recordsOf, ShopFixture } from '../docs/support/shop-fixture.ts';
import { testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { until } from '../support/until.ts';

const DAYS = 9;

interface Visit {
  readonly debug: boolean;
  readonly status: 'open' | 'ended';
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly event_count: number;
  readonly page_view_count: number;
  readonly seconds: number;
  readonly entry_page: string | null;
  readonly utm_campaign: string | null;
  readonly country: string | null;
}

type Row = (string | number | null)[];

describeReal('trends of folded traffic', () => {
  const schema = testSchema();
  let store: TrendsStore;
  let reader: pg.Client;
  let visits: Visit[];

  beforeAll(async () => {
    const now = Date.now();
    const folding = new PostgresStore<null>(schema.options);
    await (await ShopFixture.open(folding)).fold(recordsOf(7, now, DAYS), now);
    await folding.close();
    store = new TrendsStore(schema.options);
    reader = new pg.Client((await schema.as('reader')).url);
    await reader.connect();
    // A reader's own connection knows neither our schema nor our time zone.
    await reader.query("SET TimeZone TO 'Australia/Lord_Howe'");
    const columns =
      'debug, status, started_at, ended_at, event_count, page_view_count, entry_page, utm_campaign, country';
    const sql = `SELECT ${columns}, extract(epoch FROM duration)::float8 AS seconds FROM ${schema.schema}.visits`;
    visits = (await reader.query<Visit>(sql)).rows.filter(({ debug }) => !debug);
  });
  afterAll(async () => {
    await reader.end();
    await store.close();
  });

  const read = async (span: SpanName, from = store): Promise<Trend[]> => {
    await until('all are read', async () => (await from.get(span)).every(({ reading, at }) => !reading && at !== null));
    return await from.get(span);
  };

  /** Rows that a plain reckoning gives, in the order of the parts. */
  function reckoned(name: TrendName, span: SpanName, at: number): Row[] {
    const { step, parts } = SPANS[span];
    const first = Math.floor(at / step) * step - (parts - 1) * step;
    const part = (moment: Date) => Math.floor(moment.getTime() / step) * step;
    const begun = visits.filter(({ started_at }) => part(started_at) >= first);
    const ended = visits.filter(({ ended_at }) => ended_at !== null && part(ended_at) >= first);
    const over = begun.filter(({ status }) => status === 'ended');
    const byPart = (of: readonly Visit[], row: (each: readonly Visit[]) => Row): Row[] =>
      [...Map.groupBy(of, ({ started_at }) => part(started_at))].map(([at, each]) => [at, ...row(each)]);
    const top = (of: (visit: Visit) => string | null): Row[] => {
      const named = begun.filter((visit) => of(visit) !== null);
      return [...Map.groupBy(named, of)].map(([text, each]) => [text, each.length]);
    };
    const sum = (each: readonly Visit[], of: (visit: Visit) => number) => each.reduce((all, one) => all + of(one), 0);
    switch (name) {
      case 'visits': {
        const all = new Set([
          ...begun.map(({ started_at }) => part(started_at)),
          ...ended.map((one) => part(one.ended_at!)),
        ]);
        return [...all].map((at) => [
          at,
          begun.filter(({ started_at }) => part(started_at) === at).length,
          ended.filter(({ ended_at }) => part(ended_at!) === at).length,
        ]);
      }
      case 'events':
        return byPart(begun, (each) => [sum(each, (one) => one.event_count), sum(each, (one) => one.page_view_count)]);
      case 'duration':
        return byPart(over, (each) =>
          [0.5, 0.9].map((share) =>
            quantile(
              each.map(({ seconds }) => seconds),
              share,
            ),
          ),
        );
      case 'bounces':
        return byPart(over, (each) => [
          Math.round((1_000 * sum(each, (one) => (one.event_count === 1 ? 1 : 0))) / each.length) / 10,
          each.length,
        ]);
      case 'entryPages':
        return top(({ entry_page }) => entry_page);
      case 'campaigns':
        return top(({ utm_campaign }) => utm_campaign);
      case 'countries':
        return top(({ country }) => country);
      case 'setAside':
        throw new Error('not by visits');
    }
  }

  describe.each(['hours', 'days'] as const)('of %s', (span) => {
    test.each(TRENDS.filter((name) => name !== 'setAside'))('%s are what a plain reckoning gives', async (name) => {
      const { answer, error, at } = (await read(span)).find((one) => one.name === name)!;
      expect(error).toBeNull();
      const right = reckoned(name, span, at!).sort(([a], [b]) => (a as number) - (b as number));
      expect(right.length).toBeGreaterThan(0);
      const isList = ['entryPages', 'campaigns', 'countries'].includes(name);
      if (!isList) return expect(answer!.rows).toEqual(right.map((row) => row.map(closely)));
      // Rows of one count are in the order of the database's texts.
      const counts = right.map(([, count]) => count as number).sort((a, b) => b - a);
      expect(answer!.rows.map(([, count]) => count)).toEqual(counts.slice(0, 10));
      expect(right).toEqual(expect.arrayContaining([...answer!.rows]));
    });

    test.each(TRENDS)('the text that is shown of %s gives a reader what was shown', async (name) => {
      const { answer, sql } = (await read(span)).find((one) => one.name === name)!;
      expect(sql).toBe(trendSql(name, span, schema.schema));
      const { rows, fields } = await reader.query({ text: sql, rowMode: 'array' });
      expect(fields.map((field) => field.name)).toEqual(answer!.columns);
      const plain = rows.map(([first, ...rest]) => [
        first instanceof Date ? first.getTime() : first,
        ...rest.map(number),
      ]);
      expect(plain).toEqual(answer!.rows);
    });
  });

  test.each(trendsOf('minutes'))('%s of minutes can be asked for by a reader as they are shown', async (name) => {
    const { answer, sql, error } = (await read('minutes')).find((one) => one.name === name)!;
    expect(error).toBeNull();
    expect((await reader.query(sql)).fields.map((field) => field.name)).toEqual(answer!.columns);
  });

  test('what was set aside is in the hour of the log in which it was, and adds up to the counters', async () => {
    const [counted] = await schema.sql(
      `SELECT sum((counts ->> 'late')::int) AS late, sum((counts ->> 'undecodable')::int) AS undecodable
       FROM partition_state`,
    );
    const [byHour] = await schema.sql(
      `SELECT sum(count) FILTER (WHERE reason = 'late') AS late,
              sum(count) FILTER (WHERE reason = 'undecodable') AS undecodable FROM set_aside`,
    );
    expect(byHour).toMatchObject({ undecodable: counted!.undecodable });
    expect(byHour!.late ?? 0).toBe(counted!.late);
    expect(Number(counted!.undecodable)).toBeGreaterThan(3);
    const { answer } = (await read('days')).find(({ name }) => name === 'setAside')!;
    expect(answer!.rows.reduce((sum, [, , dead]) => sum + (dead as number), 0)).toBe(Number(counted!.undecodable));
    expect(new Set(answer!.rows.map(([day]) => day)).size).toBeGreaterThan(3);
  });

  describe('while a table is locked', () => {
    let slow: TrendsStore;
    let other: pg.Client;
    beforeAll(async () => {
      slow = new TrendsStore(schema.options);
      other = new pg.Client(schema.url);
      await other.connect();
      await other.query(`BEGIN; LOCK ${schema.schema}.open_visit IN ACCESS EXCLUSIVE MODE`);
    });
    afterAll(async () => {
      await other.end();
      await slow.close();
    });

    test('a query that takes too long is ended, and the page has the reason and what was known', async () => {
      const before = await read('days');
      await until('it is given up', async () => (await slow.get('hours'))[0]!.error !== null);
      const [visitsOf, , setAside] = await slow.get('hours');
      expect(visitsOf).toMatchObject({ answer: null, error: expect.stringContaining('longer than 5 s') });
      expect(setAside!.error).toBeNull();
      expect((await store.get('days'))[0]!.answer).toEqual(before[0]!.answer);
    });
  });
});

/** A quantile as percentile_cont defines it. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return low + (high - low) * (at - Math.floor(at));
}

/** Rounds a number, because intervals have microseconds. */
function closely(value: string | number | null): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? expect.closeTo(value, 3) : value;
}

function number(value: unknown): number | null {
  return value === null ? null : Number(value);
}
