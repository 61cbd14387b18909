import { expect, test } from '@jest/globals';
import { PostgresStore } from '../../src/postgres/store.ts';
import { describeReal, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { sessionsOf } from './support/paired-lease.ts';
import { testSchema } from './support/schema.ts';

const DAY = 86_400_000;
const bounds = { openedSince: T0 - 400 * DAY, endedSince: T0 - 400 * DAY, watermark: T0 };

describeReal('reading goes beside committing', () => {
  const schema = testSchema();

  const asking = (sessionId: string) => ({ ...bounds, sessions: [{ sessionId, debug: false, openVisitIds: [] }] });

  /** A store whose connections can be told from all others'. */
  function namedStore(): { store: PostgresStore<string>; name: string } {
    const name = uniqueName('readers');
    const url = new URL(schema.url);
    url.searchParams.set('application_name', name);
    return { store: new PostgresStore<string>({ ...schema.options, url: url.href }), name };
  }

  async function connections(name: string): Promise<number> {
    const [row] = await schema.sql('SELECT count(*) FROM pg_stat_activity WHERE application_name = $1', [name]);
    return row!.count as number;
  }

  test('a look-up is answered while a commit of its lease cannot go on', async () => {
    const partition = schema.nextPartition();
    const committer = new TestCommitter(await schema.store().takeOver(partition));
    const visit = makeVisit({ sessionId: 'waited for', ended: true });
    await committer.commit([visit]);
    await schema.sql('BEGIN');
    await schema.sql('SELECT FROM partition_state WHERE partition = $1 FOR UPDATE', [partition]);
    let through = false;
    const commit = committer.commit([makeVisit()]).then(() => {
      through = true;
    });
    const [found] = await committer.lease.history(asking('waited for'));
    expect(found!.ended.map(({ id }) => id)).toEqual([visit.id]);
    expect(through).toBe(false);
    await schema.sql('ROLLBACK');
    await commit;
  });

  test('nobody reads what another epoch may have written', async () => {
    const partition = schema.nextPartition();
    const committer = new TestCommitter(await schema.store('first').takeOver(partition));
    await schema.sql('UPDATE partition_state SET epoch = epoch + 1 WHERE partition = $1', [partition]);
    await expect(committer.lease.history(asking('anybody'))).rejects.toMatchObject({ name: 'Fenced' });
  });

  test('a connection that was lost between two look-ups is replaced', async () => {
    const { store, name } = namedStore();
    const lease = await store.takeOver(schema.nextPartition());
    await lease.history(asking('anybody'));
    expect(await connections(name)).toBe(2);
    await schema.sql(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = $1 AND pid NOT IN (SELECT owner_pid FROM partition_state WHERE owner_pid IS NOT NULL)`,
      [name],
    );
    await until('only the connection that commits is left', async () => (await connections(name)) === 1);
    // Its end may not have been heard of yet: then the look-up fails, as the lease would.
    await lease.history(asking('anybody')).catch(() => null);
    expect(await lease.history(asking('anybody'))).toHaveLength(1);
    await store.close();
    await until('no connection is left', async () => (await connections(name)) === 0);
  });

  test('sessions that ended, whatever their ids, in whatever month', async () => {
    const committer = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const other = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    const ids = ['plain', 'line\nfeed', '"quoted"', 'é😀', '\u0001', ' '];
    const visits = ids.map((sessionId, i) => makeVisit({ sessionId, ended: true, openedAt: T0 - i * 40 * DAY }));
    await committer.commit([...visits, makeVisit({ sessionId: 'open' })]);
    await other.commit([makeVisit({ sessionId: 'of another partition', ended: true })]);
    expect((await sessionsOf(committer.lease, bounds)).sort()).toEqual([...ids].sort());
    const recent = { ...bounds, openedSince: T0 - 100 * DAY };
    expect((await sessionsOf(committer.lease, recent)).sort()).toEqual(ids.slice(0, 3).sort());
  });

  test('whoever stops listening leaves no connection behind, nor does who loses the partition', async () => {
    const { store, name } = namedStore();
    const committer = new TestCommitter(await store.takeOver(schema.nextPartition()));
    await committer.commit(
      [0, 1].map((i) => makeVisit({ sessionId: `s${i}`, ended: true, openedAt: T0 - i * 40 * DAY })),
    );
    for await (const piece of committer.lease.endedSessions(bounds)) {
      expect(piece).toHaveLength(1);
      expect(await connections(name)).toBe(2);
      break;
    }
    await until('only the connection that commits is left', async () => (await connections(name)) === 1);
    const heard = (async () => {
      for await (const _ of committer.lease.endedSessions(bounds)) await committer.lease.release();
    })();
    await expect(heard).rejects.toThrow('of no use any more');
    await until('no connection is left', async () => (await connections(name)) === 0);
    await store.close();
  });
});
