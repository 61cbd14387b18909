import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeReal } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { headersOf, RetryFixture } from './support/retry-fixture.ts';

interface Outcome {
  readonly sent: number;
  readonly sentBefore: number;
  readonly cameBack: number;
  readonly refused: readonly { readonly position: string; readonly why: string }[];
  readonly wouldSend: readonly string[];
}

describeReal('a dead letter that is sent to the input again', () => {
  const ground = new RetryFixture('json');
  beforeAll(() => ground.open());
  afterAll(() => ground.close());

  const retry = async (...argv: string[]) => {
    const { code, out, err } = await ground.run('dead-letter', 'retry', '--json', ...argv);
    return { code, err, outcome: JSON.parse(out || 'null') as Outcome };
  };
  /** The `tidemark-retry-of` of records in the input that were sent again. */
  const retried = async (partition: number) =>
    (await ground.records(ground.name, partition)).map((record) => headersOf(record)['tidemark-retry-of']);

  test('keeps its partition, key, value and own headers, and has a header with when it first came', async () => {
    const value = Buffer.from([0, 0xff, 0x80, 7]);
    const headers = { trace: ['one', 'two'], toString: 'kept', 'tidemark-visit-id': 'of an earlier pass' };
    await ground.setAside(1, 40, { key: Buffer.from([0xfe, 1]), value, headers });
    expect(await retry('--dry-run')).toMatchObject({ code: 0, outcome: { sent: 0, wouldSend: ['1:0'] } });
    expect(await ground.records(ground.name, 1)).toEqual([]);
    expect(await retry()).toMatchObject({ code: 0, err: '', outcome: { sent: 1 } });
    const [record, ...others] = await ground.records(ground.name, 1);
    expect(others).toEqual([]);
    expect(record!.key).toEqual(Buffer.from([0xfe, 1]));
    expect(record!.value).toEqual(value);
    expect(record!.headers.map(([name, text]) => [name, text.toString()])).toEqual([
      ['trace', 'one'],
      ['trace', 'two'],
      ['toString', 'kept'],
      ['tidemark-received-at', '1600000000000'],
      ['tidemark-retry-of', '1:40:0'],
    ]);
    expect(record!.timestamp).toBeGreaterThan(1_600_000_000_000);
    expect(await retry()).toMatchObject({ outcome: { sent: 0, sentBefore: 1 } });
    expect(await retried(1)).toEqual(['1:40:0']);
  });

  test.each([
    ['before it was sent', 'retry.noted'],
    ['before its transaction was committed', 'resender.produced'],
    ['after, before that was noted', 'resender.committed'],
  ])('is there once, though the process that sent it was killed %s', async (_, failpoint) => {
    const before = await retried(0);
    const offset = 100 + before.length;
    await ground.setAside(0, offset, { key: 'k', value: 'of a crash' });
    await ground.killedAt(failpoint, 'dead-letter', 'retry');
    const { code, err, outcome } = await retry();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(outcome.sent).toBe(failpoint === 'resender.committed' ? 0 : 1);
    await retry();
    expect(await retried(0)).toEqual([...before, `0:${offset}:0`]);
  });

  test('is not sent once more by itself when it fails again, and is when that is asked for', async () => {
    await ground.setAside(1, 500, { value: 'again' }, { 'tidemark-received-at': '1500000000000' });
    expect(await retry()).toMatchObject({ code: 0, outcome: { sent: 0, cameBack: 1 } });
    expect(await retry('--again')).toMatchObject({ outcome: { sent: 1, cameBack: 0 } });
    expect(await retry('--again')).toMatchObject({ outcome: { sent: 0 } });
    const record = (await ground.records(ground.name, 1)).at(-1)!;
    expect(headersOf(record)).toEqual({ 'tidemark-received-at': '1500000000000', 'tidemark-retry-of': '1:500:0' });
  });

  test('is refused, with the reason, if the input would get something else', async () => {
    await ground.setAside(1, 600, { value: null }, { 'tidemark-truncated': 'true' });
    await ground.setAside(1, 601, { value: 'x' }, { 'tidemark-topic': 'another' });
    await ground.setAside(1, 602, { value: 'x' }, { 'tidemark-partition': '9' });
    await ground.write(ground.deadLetter, 1, [{ value: 'of somebody else' }]);
    const { code, outcome } = await retry('--partition', '1');
    expect(code).toBe(1);
    expect(outcome.sent).toBe(0);
    expect(outcome.refused.map(({ why }) => why)).toEqual([
      `its value did not fit into this topic: send the record at partition 1, offset 600 of ${ground.name} again yourself`,
      `it came from topic another, and input.topic is ${ground.name}`,
      `it came from partition 9, and ${ground.name} has 2`,
      'its headers do not say where it came from: tidemark did not write it',
    ]);
  });

  test('can be one of a reason, of a time, and no more than so many', async () => {
    for (const i of [0, 1, 2, 3]) {
      await ground.setAside(0, 700 + i, { value: 'x' }, { 'tidemark-reason': i === 0 ? 'future' : 'invalid' });
    }
    const dry = async (...argv: string[]) => (await retry('--dry-run', '--partition', '0', ...argv)).outcome.wouldSend;
    const all = await dry();
    expect(all).toHaveLength(4);
    expect(await dry('--reason', 'future')).toEqual(all.slice(0, 1));
    expect(await dry('--reason', 'future', 'invalid')).toEqual(all);
    expect(await dry('--until', '1h')).toEqual([]);
    expect(await dry('--since', '1h', '--reason', 'invalid', '--limit', '2')).toEqual(all.slice(1, 3));
    expect(await retry('--partition', '0', '--limit', '1')).toMatchObject({ outcome: { sent: 1 } });
    expect(await dry()).toEqual(all.slice(1));
    expect(await retry(all[3]!)).toMatchObject({ outcome: { sent: 1 } });
    expect(await dry()).toEqual(all.slice(1, 3));
  });

  test('is left to one retry at a time', async () => {
    await ground.client.query(`SELECT pg_advisory_lock(hashtext('tidemark retry'), hashtext(current_schema()))`);
    const { code, err } = await retry();
    expect(code).toBe(1);
    expect(err).toMatch(/another `tidemark dead-letter retry` is at work/);
    await ground.client.query('SELECT pg_advisory_unlock_all()');
  });
});

describeReal('events without an id', () => {
  const ground = new RetryFixture('tracardi', { TIDEMARK_VISIT_FUTURE_TOLERANCE: '1s' });
  beforeAll(() => ground.open());
  afterAll(() => ground.close());

  test('count once each when some of their record are sent again, whatever is killed and how often it is asked for', async () => {
    const ahead = Date.now() + 5_000;
    const event = (type: string, ms?: number) => ({ type, ...(ms === undefined ? {} : { time: { create: ms } }) });
    const payload = {
      source: { id: 'shop' },
      session: { id: 's' },
      profile: { id: 'p' },
      events: [event('page-view'), event('one', ahead), event('page-view'), event('two', ahead)],
    };
    const processor = ground.start(['run']);
    try {
      await ground.write(ground.name, 0, [{ key: 's', value: JSON.stringify(payload) }]);
      const inPostgres = async () => {
        const { rows } = await ground.client.query('SELECT type FROM visit_events ORDER BY position');
        return rows.map(({ type }) => type as string);
      };
      const dead = async () => (await ground.records(ground.deadLetter, 0)).length;
      await until('the events ahead of their time are set aside', async () => (await dead()) === 2);
      expect(await inPostgres()).toEqual(['page-view', 'page-view']);
      await until('their time has come', () => Date.now() > ahead);
      await ground.killedAt('resender.committed', 'dead-letter', 'retry');
      await ground.run('dead-letter', 'retry');
      await ground.run('dead-letter', 'retry', '--again');
      const records = await ground.records(ground.name, 0);
      expect(records).toHaveLength(3);
      const { partition, offset } = { partition: 0, offset: records.at(-1)!.offset };
      await until('what was sent is folded', async () => {
        const { rows } = await ground.client.query('SELECT next_offset FROM partition_state WHERE partition = $1', [
          partition,
        ]);
        return Number(rows[0].next_offset) > offset;
      });
      expect((await inPostgres()).sort()).toEqual(['one', 'page-view', 'page-view', 'two']);
      expect(await dead()).toBe(2);
    } finally {
      processor.kill('SIGTERM');
      await new Promise((resolve) => processor.on('close', resolve));
    }
  });
});
