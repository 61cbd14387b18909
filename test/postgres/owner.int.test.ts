import { expect, test } from '@jest/globals';
import { connect } from '../../src/postgres/connect.ts';
import { readGoneOwners } from '../../src/postgres/owner.ts';
import { describeReal } from '../support/stack.ts';
import { testSchema } from './support/schema.ts';

describeReal('owners that are gone', () => {
  const schema = testSchema();

  test('are those that gave nothing up and have no connection left, not those that live or ended in order', async () => {
    const [half, all, ended] = [schema.store('half:1'), schema.store('all:1'), schema.store('ended:1')];
    const take = async (store: typeof half) => (await store.takeOver(schema.nextPartition())).partition;
    const [halfGone, allGone] = [await take(half), await take(all)];
    await take(half);
    await take(ended);
    await ended.close();
    const client = await connect(schema.options, 'test');
    try {
      expect(await readGoneOwners(client)).toEqual([]);
      const ends = 'SELECT pg_terminate_backend(owner_pid, 10000) FROM partition_state WHERE partition = ANY($1)';
      await client.query(ends, [[halfGone, allGone]]);
      expect(await readGoneOwners(client)).toEqual(['all:1']);
    } finally {
      await client.end();
    }
  });
});
