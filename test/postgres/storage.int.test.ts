import { expect, test } from '@jest/globals';
import { describeReal } from '../support/stack.ts';
import { makeVisit, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

describeReal('a visit whose row is larger than Postgres leaves alone by default', () => {
  const schema = testSchema();
  const wide = ['device', { agents: Array.from({ length: 100 }, (_, i) => `Mozilla/5.0 (${i}) like Gecko`) }] as const;

  test('is compressed nowhere on its way, which would cost more than all the rest of its commits', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const visit = makeVisit({ context: [wide] });
    const stored = async () =>
      await schema.sql(
        `SELECT octet_length(context) > 3000 AS wide, pg_column_compression(context) AS compression FROM (
          SELECT visit_id, context FROM open_visit UNION ALL SELECT visit_id, context FROM ended_visit) visit
        WHERE visit_id = $1`,
        [visit.id],
      );
    const asItIs = [{ wide: true, compression: null }];
    await committer.commit([visit]);
    expect(await stored()).toEqual(asItIs);
    await committer.commit([Object.assign(visit, { eventCount: 3 })]);
    expect(await stored()).toEqual(asItIs);
    await committer.commit([Object.assign(visit, { ended: true, published: 1, reason: 'explicit' })]);
    expect(await stored()).toEqual(asItIs);
  });
});
