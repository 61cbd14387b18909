import { expect, test } from '@jest/globals';
import { FIND_ENDED } from '../../src/postgres/history.ts';
import { lowestId } from '../../src/postgres/ranges.ts';
import { LOOK_UP } from '../../src/postgres/store.ts';
import { describeReal } from '../support/stack.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

describeReal('a question about one thing reads no whole table', () => {
  const schema = testSchema();

  test.each([
    `SELECT * FROM visits WHERE visit_id = '01930000-0000-8000-8000-000000000000'`,
    `SELECT * FROM visits WHERE session_id = 's'`,
    `SELECT * FROM visits WHERE profile_id = 'p'`,
    `SELECT * FROM sessions WHERE session_id = 's'`,
    `SELECT * FROM profiles WHERE profile_id = 'p'`,
    `SELECT * FROM visit_events WHERE visit_id = '01930000-0000-8000-8000-000000000000'`,
    `SELECT * FROM visit_events WHERE session_id = 's'`,
    `SELECT * FROM visit_revisions WHERE visit_id = '01930000-0000-8000-8000-000000000000'`,
  ])('%s', async (query) => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    await committer.commit([makeVisit({ ended: true }), makeVisit({ ended: true, openedAt: T0 - 90 * 86_400_000 })]);
    // A scan of a whole table shows only where there is no other way: the condition did not reach its index.
    await schema.sql('SET enable_seqscan TO off');
    const plan = (await schema.sql(`EXPLAIN (COSTS off) ${query}`)).map((row) => String(row['QUERY PLAN']));
    expect(plan.filter((line) => line.includes('Seq Scan'))).toEqual([]);
    const unconditional = plan.filter(
      (line, i) => line.includes('Index') && line.includes('Scan') && !/Cond:/.test(plan[i + 1] ?? ''),
    );
    expect(unconditional.filter((line) => !line.includes('Bitmap'))).toEqual([]);
  });

  test.each(['started_at', 'updated_at'])('what ended visits are later by %s', async (column) => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    await committer.commit([makeVisit({ ended: true })]);
    await schema.sql('SET enable_seqscan TO off');
    const query = `SELECT * FROM visits WHERE status = 'ended' AND ${column} >= now() - interval '1 day'`;
    const plan = (await schema.sql(`EXPLAIN (COSTS off) ${query}`)).map((row) => String(row['QUERY PLAN']));
    expect(plan.filter((line) => /Seq Scan on ended_visit/.test(line))).toEqual([]);
    expect(plan.some((line) => line.includes(`_${column}_idx`))).toBe(true);
  });

  test('a look-up of sessions goes by their index, whatever a sample taken long ago says', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const hour = 3_600_000;
    const later = (i: number) => makeVisit({ sessionId: `s${i}`, ended: true, openedAt: T0 + 2 * hour });
    // By this sample every session has all of the month's visits, and none of them was opened in the last hour.
    await committer.commit(Array.from({ length: 300 }, () => makeVisit({ sessionId: 'one', ended: true })));
    await schema.sql('ANALYZE ended_visit');
    await committer.commit(Array.from({ length: 3_000 }, (_, i) => later(i)));
    await schema.sql(`${LOOK_UP} PREPARE looked_up AS ${FIND_ENDED.text}`);
    const sessions = Array.from({ length: 500 }, (_, i) => `s${i * 7}`);
    const ask = `EXECUTE looked_up (1, '{${sessions}}', '${lowestId(T0 + hour)}', 0, 0)`;
    const plan = (await schema.sql(`EXPLAIN (COSTS off) ${ask}`)).map((row) => String(row['QUERY PLAN']));
    const scans = plan.filter((line) => line.includes('Scan'));
    expect(scans.filter((line) => line.includes('ended_visit'))).not.toEqual([]);
    const byKey =
      /Function Scan|Index Scan using (ended_visit_\w+_session_id_idx|visit_alias_survivor|visit_chunk_\w+_visit_id_idx) /;
    expect(scans.filter((line) => !byKey.test(line))).toEqual([]);
  });
});

describeReal('a question about all things reads each once', () => {
  const schema = testSchema();

  test('events of all visits, of tables that no sample was taken of', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    await committer.commit([makeVisit({ ended: true })]);
    await schema.sql(
      `INSERT INTO visit_chunk (visit_id, types, times)
      SELECT overlay($1 placing lpad(to_hex(i), 12, '0') from 25)::uuid, repeat('x', 300), '' FROM generate_series(1, 50000) i`,
      [lowestId(T0)],
    );
    const plan = (await schema.sql('EXPLAIN SELECT * FROM visit_events')).map((row) => String(row['QUERY PLAN']));
    expect(plan.some((line) => /Index Scan .*visit_chunk/.test(line))).toBe(true);
    expect(plan.filter((line) => /Seq Scan on visit_chunk/.test(line))).toEqual([]);
  });
});
