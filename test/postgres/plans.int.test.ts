import { expect, test } from '@jest/globals';
import { describeReal } from '../support/stack.ts';
import { Committer, makeVisit, T0 } from './make.ts';
import { testSchema } from './schema.ts';

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
    const committer = new Committer(await schema.store().takeOver(schema.nextPartition()));
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
});
