import { expect, test } from '@jest/globals';
import { describeReal } from '../support/stack.ts';
import { TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

describeReal('the outbox gives out what was committed, in order, until it is acknowledged', () => {
  const schema = testSchema();

  const row = (first: number, next: number, bytes = 10) => ({
    first,
    next,
    payload: Buffer.from(Array.from({ length: bytes }, (_, i) => (first * 31 + i * 7) & 255)),
  });

  async function filled() {
    const partition = schema.nextPartition();
    const store = schema.store();
    const committer = new TestCommitter(await store.takeOver(partition));
    const rows = [row(0, 4), row(4, 5, 100_000), row(5, 9, 10)];
    for (const outbox of rows) await committer.commit([], {}, { outbox });
    return { partition, store, committer, rows };
  }

  test('from the row that holds the position, at least one, then as many as fit', async () => {
    const { committer, rows } = await filled();
    const { lease } = committer;
    expect(await lease.outbox(0, 1_000_000)).toEqual(rows);
    expect(await lease.outbox(3, 1_000_000)).toEqual(rows);
    expect(await lease.outbox(4, 1_000_000)).toEqual(rows.slice(1));
    expect(await lease.outbox(4, 1)).toEqual([rows[1]]);
    expect(await lease.outbox(0, 100_009)).toEqual([rows[0]]);
    expect(await lease.outbox(0, 100_010)).toEqual(rows.slice(0, 2));
    expect(await lease.outbox(9, 1_000_000)).toEqual([]);
  });

  test('acknowledging deletes what is below, keeps a row that is not wholly published, and never goes back', async () => {
    const { committer, rows, partition, store } = await filled();
    await committer.lease.acknowledge(6);
    await committer.lease.acknowledge(2);
    expect(await committer.lease.outbox(0, 1_000_000)).toEqual(rows.slice(2));
    const next = await store.takeOver(partition);
    expect(next).toMatchObject({ published: 6, outboxBytes: 10 });
  });

  test('a commit may carry the position along', async () => {
    const { committer, rows, partition, store } = await filled();
    await committer.commit([], {}, { published: 5 });
    expect(await committer.lease.outbox(0, 1_000_000)).toEqual(rows.slice(2));
    expect(await store.takeOver(partition)).toMatchObject({ published: 5, outboxBytes: 10 });
  });

  test('bytes that are not published yet are told at the take-over', async () => {
    const { partition, store } = await filled();
    expect(await store.takeOver(partition)).toMatchObject({ published: 0, outboxBytes: 100_020 });
  });

  test('commits and acknowledgements at once, on one connection, all go through', async () => {
    const { committer } = await filled();
    const acknowledged = committer.lease.acknowledge(4);
    const committed = committer.commit([], {}, { outbox: row(9, 10) });
    const again = committer.lease.acknowledge(5);
    await Promise.all([acknowledged, committed, again]);
    expect((await committer.lease.outbox(0, 1_000_000)).map(({ first }) => first)).toEqual([5, 9]);
  });
});
