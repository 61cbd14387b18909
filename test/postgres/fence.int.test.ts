import { expect, test } from '@jest/globals';
import type pg from 'pg';
import { Fenced } from '../../src/ports/store.ts';
import { connect } from '../../src/postgres/connect.ts';
import { withParameter } from '../support/parts.ts';
import { describeReal } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { visitEvents } from '../support/visit-events.ts';
import { makeVisit, T0, TestCommitter } from './support/builders.ts';
import { testSchema } from './support/schema.ts';

describeReal('a processor that lost a partition can write nothing to it', () => {
  const schema = testSchema();

  async function visitCount(partition: number): Promise<unknown> {
    return (await schema.sql('SELECT count(*) FROM visits WHERE opened_partition = $1', [partition]))[0]!.count;
  }

  test('its connection is ended by the take-over, and every later call rejects', async () => {
    const partition = schema.nextPartition();
    const [before, after] = [schema.store(), schema.store()];
    const lost = new TestCommitter(await before.takeOver(partition));
    await lost.commit([makeVisit()]);
    const lease = await after.takeOver(partition);
    expect(lease.epoch).toBe(lost.lease.epoch + 1);
    await expect(lost.commit([makeVisit()])).rejects.toThrow();
    await expect(lost.lease.acknowledge(0)).rejects.toThrow();
    await expect(lost.lease.outbox(0, 1)).rejects.toThrow();
    const bounds = { sessions: [], openedSince: 0, endedSince: 0, watermark: 0 };
    await expect(lost.lease.history(bounds)).rejects.toThrow();
    await new TestCommitter(lease).commit([makeVisit()]);
    expect(await visitCount(partition)).toBe(2);
  });

  const strange = {
    'another epoch': 'epoch = epoch + 1',
    'another next offset': 'next_offset = next_offset + 1',
    'another commit number': 'commit_number = commit_number + 1',
  };
  for (const [name, change] of Object.entries(strange)) {
    test(`${name} in the partition's row is Fenced, nothing is written, and the lease is dead`, async () => {
      const partition = schema.nextPartition();
      const committer = new TestCommitter(await schema.store().takeOver(partition));
      await committer.commit([makeVisit()]);
      await schema.sql(`UPDATE partition_state SET ${change} WHERE partition = $1`, [partition]);
      const writes = committer.commit([makeVisit({ ended: true })], {}, { outbox: outboxRow(0, 1) });
      await expect(writes).rejects.toBeInstanceOf(Fenced);
      expect(await visitCount(partition)).toBe(1);
      expect(await schema.sql('SELECT * FROM outbox WHERE partition = $1', [partition])).toEqual([]);
      await expect(committer.lease.outbox(0, 1)).rejects.toThrow('of no use any more');
    });
  }

  test('acknowledging is fenced by the epoch', async () => {
    const partition = schema.nextPartition();
    const committer = new TestCommitter(await schema.store().takeOver(partition));
    await committer.commit([], {}, { outbox: outboxRow(0, 3) });
    await schema.sql('UPDATE partition_state SET epoch = epoch + 1 WHERE partition = $1', [partition]);
    await expect(committer.lease.acknowledge(3)).rejects.toBeInstanceOf(Fenced);
    expect(await schema.sql('SELECT next_sequence FROM outbox WHERE partition = $1', [partition])).toHaveLength(1);
  });

  test('a processor that stopped in the middle of COPY, with its locks, is ended by the take-over', async () => {
    const partition = schema.nextPartition();
    const lease = await schema.store().takeOver(partition);
    await lease.release();
    const stuck = await connect(schema.options, 'stuck');
    const gone = new Promise((resolve) => stuck.once('end', resolve));
    await stuck.query(
      `UPDATE partition_state SET epoch = epoch + 1, owner = 'stuck', owner_pid = a.pid, owner_started = a.backend_start,
        owner_role = a.usesysid
      FROM pg_stat_activity a WHERE a.pid = pg_backend_pid() AND partition = $1`,
      [partition],
    );
    await stuck.query('BEGIN');
    await stuck.query('UPDATE partition_state SET next_offset = 99 WHERE partition = $1', [partition]);
    stuck.query(new StuckCopy(`COPY open_visit FROM STDIN`) as unknown as pg.Query);
    await until('the server waits for what is copied', async () => {
      const [state] = await schema.sql(
        `SELECT wait_event FROM pg_stat_activity WHERE application_name = 'stuck' AND query LIKE 'COPY%'`,
      );
      return state?.wait_event === 'ClientRead';
    });

    // A month that is not there yet can be made beside it, too.
    const other = new TestCommitter(await schema.store().takeOver(schema.nextPartition()));
    await other.commit([], {
      events: [{ visit: makeVisit({ openedAt: Date.UTC(2031, 4) }), events: visitEvents([event('e1')]) }],
    });

    const taken = await schema.store().takeOver(partition);
    expect(taken.state.nextOffset).toBe(0);
    await gone;
    await new TestCommitter(taken).commit([makeVisit()]);
    expect(await visitCount(partition)).toBe(1);
  });

  test('a backend that got the pid of the owner before is left alone', async () => {
    const partition = schema.nextPartition();
    const lease = await schema.store().takeOver(partition);
    await lease.release();
    const stranger = await connect(schema.options, 'stranger');
    await schema.sql(
      `UPDATE partition_state SET owner_pid = $2, owner_role = a.usesysid, owner_started = a.backend_start - interval '1 s'
      FROM pg_stat_activity a WHERE a.pid = $2 AND partition = $1`,
      [partition, (stranger as unknown as { processID: number }).processID],
    );
    await schema.store().takeOver(partition);
    expect((await stranger.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await stranger.end();
  });

  test('an owner whose connection may not be ended is named, with what to do', async () => {
    const partition = schema.nextPartition();
    const held = new TestCommitter(await schema.store().takeOver(partition));
    const weak = schema.store(undefined, await schema.as('run'));
    await expect(weak.takeOver(partition)).rejects.toThrow(/connect as the same role, or grant/);
    await held.commit([makeVisit()]);
  });

  test('many take-overs at once leave one owner, the last, and it alone can commit', async () => {
    const partition = schema.nextPartition();
    const taken = await Promise.allSettled(Array.from({ length: 4 }, () => schema.store().takeOver(partition)));
    const leases = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(leases.length).toBeGreaterThan(0);
    const commits = await Promise.allSettled(leases.map((lease) => new TestCommitter(lease).commit([makeVisit()])));
    const [row] = await schema.sql('SELECT epoch FROM partition_state WHERE partition = $1', [partition]);
    for (const [i, { status }] of commits.entries()) {
      expect(status).toBe(leases[i]!.epoch === row!.epoch ? 'fulfilled' : 'rejected');
    }
  });

  test('a release gives the owner up, at once, and leaves nothing to end', async () => {
    const partition = schema.nextPartition();
    const lease = await schema.store('me').takeOver(partition);
    const owner = 'SELECT owner, owner_pid FROM partition_state WHERE partition = $1';
    expect(await schema.sql(owner, [partition])).toEqual([{ owner: 'me', owner_pid: expect.any(Number) }]);
    await lease.release();
    expect(await schema.sql(owner, [partition])).toEqual([{ owner: null, owner_pid: null }]);
    await expect(new TestCommitter(lease).commit([])).rejects.toThrow();
    await lease.release();
  });

  test('rows that are not what was folded stop the commit: nothing is written', async () => {
    const partition = schema.nextPartition();
    const committer = new TestCommitter(await schema.store().takeOver(partition));
    const visit = makeVisit();
    await committer.commit([visit]);
    await schema.sql('DELETE FROM open_visit WHERE visit_id = $1', [visit.id]);
    await expect(committer.commit([visit, makeVisit()])).rejects.toThrow('tables were changed by another hand');
    expect(await visitCount(partition)).toBe(0);
  });

  test('what the fold changes after commit() was called is not in it', async () => {
    const partition = schema.nextPartition();
    const committer = new TestCommitter(await schema.store().takeOver(partition));
    const visit = makeVisit({ openedAt: Date.UTC(2033, 1), ended: true, eventCount: 3 });
    const done = committer.commit([visit]);
    visit.eventCount = 4;
    await done;
    expect(await schema.sql('SELECT event_count FROM visits WHERE visit_id = $1', [visit.id])).toEqual([
      { event_count: 3 },
    ]);
  });

  test('synchronous_commit off is refused, with what to do', async () => {
    const url = withParameter(schema.url, 'options', '-c synchronous_commit=off');
    const { PostgresStore } = await import('../../src/postgres/store.ts');
    const store = new PostgresStore({ ...schema.options, url });
    await expect(store.takeOver(schema.nextPartition())).rejects.toThrow('SET synchronous_commit TO on');
  });
});

function outboxRow(first: number, next: number) {
  return { first, next, payload: Buffer.from('messages') };
}

function event(eventId: string) {
  return { eventId, type: 'x', t: T0, page: null, properties: null };
}

/** Begins a COPY and never sends anything: what a stopped process looks like to the server. */
class StuckCopy implements pg.Submittable {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  submit(connection: pg.Connection): void {
    (connection as unknown as { query(text: string): void }).query(this.#text);
  }

  handleCopyInResponse(): void {}
  handleError(): void {}
}
