import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ensureReaderRole } from '../../src/postgres/reader-role.ts';
import { PostgresStore } from '../../src/postgres/store.ts';
import { parserOf, testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { answers } from './support/answers.ts';
import { queries } from './support/document.ts';
import type { Facts, Revision, Row, Visit, VisitEvent } from './support/facts.ts';
import { recordsOf, ShopFixture } from './support/shop-fixture.ts';

const [DAY, HOUR] = [86_400_000, 3_600_000];
const DAYS = 9;
/** The example in the document for the time of the last look. */
const SINCE = "timestamptz '2026-11-23 06:00:00+00'";
const COPIED = ['Ended since', 'Taken back'] as const;

const DATE = 1082;
const types = { getTypeParser: (oid: number, format?: string) => (oid === DATE ? String : parserOf(oid, format)) };

describeReal('docs/SQL.md', () => {
  let reader: pg.Client;
  // The reader ends before the schema is dropped, which waits for its transaction.
  afterAll(async () => {
    await reader.end();
    await schema.sql(`DROP OWNED BY ${schema.schema}_reader`);
    await schema.sql(`DROP ROLE ${schema.schema}_reader`);
  });
  const schema = testSchema();
  let facts: Facts;
  /** Rows of the two queries for copies: once when a part of the log was folded, and once for what changed since. */
  const looks: { readonly ended: Row[]; readonly retracted: Row[] }[] = [];

  const found = queries();
  const ask = async (name: string, since = '') => {
    const { sql } = found.find((query) => query.name === name)!;
    return (await reader.query<Row>(sql.replaceAll('tidemark.', `${schema.schema}.`).replace(SINCE, since))).rows;
  };
  const look = async (since: string) => {
    looks.push({ ended: await ask('Ended since', since), retracted: await ask('Taken back') });
  };

  beforeAll(async () => {
    const now = Date.now();
    const written = recordsOf(7, now, DAYS);
    // Visits of that day have ended by then, and late events amend or merge them afterwards.
    const then = now - 3 * DAY + 11 * HOUR;
    const { role } = await ensureReaderRole(schema.options);
    reader = new pg.Client({ connectionString: schema.url, types });
    await reader.connect();
    await reader.query(`SET ROLE ${role}`);
    const store = new PostgresStore<null>(schema.options);
    const shop = await ShopFixture.open(store);
    const [earlier, later] = [written.filter(({ at }) => at < then), written.filter(({ at }) => at >= then)];
    await shop.fold(earlier, then);
    await look("timestamptz '-infinity'");
    const [{ at }] = (await schema.sql('SELECT clock_timestamp()::text AS at')) as [{ at: string }];
    await shop.fold(later, now);
    await store.close();

    // All queries have one moment: `now()` is the beginning of the transaction.
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await look(`timestamptz '${at}' + interval '5 minutes'`);
    const all = async <T extends Row>(sql: string) => (await reader.query<T>(sql)).rows;
    const view = (name: string) => `SELECT * FROM ${schema.schema}.${name}`;
    const [{ at: clock }] = (await all('SELECT now() AS at')) as [{ at: number }];
    facts = {
      now: clock,
      visits: await all<Visit & Row>(view('visits')),
      events: await all<VisitEvent & Row>(view('visit_events')),
      revisions: await all<Revision & Row>(view('visit_revisions')),
    };
  });

  test('every query has an answer to be held against, and no answer lacks its query', () => {
    expect(found.map(({ name }) => name)).toEqual([...Object.keys(answers()), ...COPIED]);
  });

  test('the traffic has what the queries tell apart', () => {
    const { visits, revisions } = facts;
    const some = (condition: (visit: Visit) => boolean) => visits.filter(condition).length;
    expect(some(({ debug }) => debug)).toBeGreaterThan(0);
    expect(some(({ status }) => status === 'open')).toBeGreaterThan(1);
    expect(some(({ revision }) => revision !== null && revision > 1)).toBeGreaterThan(0);
    expect(some(({ started_at }) => started_at < facts.now - 7 * DAY)).toBeGreaterThan(20);
    expect(revisions.filter(({ retracted }) => retracted).length).toBeGreaterThan(1);
  });

  /** Compares texts as this database does, which need not be by their bytes. */
  async function collation(): Promise<(a: string, b: string) => number> {
    const columns = ['entry_page', 'exit_page', 'utm_campaign', 'device_type', 'country'];
    const texts = columns.map((column) => `SELECT ${column} AS text FROM visits`);
    const events = 'SELECT page FROM visit_events';
    const rows = await schema.sql(`SELECT text FROM (${[...texts, events].join(' UNION ')}) t ORDER BY text`);
    const ranks = new Map(rows.map(({ text }, i) => [text, i]));
    const rank = (text: string) => ranks.get(text) ?? -1;
    return (a, b) => rank(a) - rank(b) || (a < b ? -1 : 1);
  }

  describe.each(Object.keys(answers()))('%s', (name) => {
    test('answers what a plain reckoning does, to the reader role', async () => {
      const right = answers(await collation())[name]!(facts);
      expect(right.length).toBeGreaterThan(1);
      expect(await ask(name)).toEqual(right);
    });
  });

  test('a copy that is kept by what changed since is what a new one would be', () => {
    const copy = new Map<unknown, Row>();
    for (const { ended, retracted } of looks) {
      for (const row of ended) copy.set(row.visit_id, row);
      for (const { visit_id } of retracted) copy.delete(visit_id);
    }
    const [before, after] = looks as [(typeof looks)[number], (typeof looks)[number]];
    // The second look reads only the difference, and some rows of the first have changed or gone since.
    expect(after.ended.length).toBeLessThan(before.ended.length);
    const ids = new Set(before.ended.map(({ visit_id }) => visit_id));
    expect(after.ended.some(({ visit_id }) => ids.has(visit_id))).toBe(true);
    expect(after.retracted.some(({ visit_id }) => ids.has(visit_id))).toBe(true);
    const ended = facts.visits.filter(({ status, debug }) => status === 'ended' && !debug);
    const key = ({ visit_id, revision, event_count }: Row) => `${visit_id} ${revision} ${event_count}`;
    expect([...copy.values()].map(key).sort()).toEqual(ended.map((visit) => key({ ...visit })).sort());
  });
});
