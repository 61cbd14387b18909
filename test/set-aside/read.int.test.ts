import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { registryEncoder } from '../../src/simulate/encode.ts';
import { DEFAULT_TRAFFIC, traffic } from '../../src/simulate/traffic.ts';
import { Registry, subjectOf } from '../../src/wire/registry.ts';
import { TRACK_EVENT_SCHEMA } from '../../src/wire/schemas.ts';
import { settingsFor } from '../support/parts.ts';
import { describeReal, stack } from '../support/stack.ts';
import { RetryFixture } from './support/retry-fixture.ts';

interface Listed {
  readonly total: number;
  readonly byReason: Readonly<Record<string, number>>;
  readonly records: readonly { readonly partition: number; readonly offset: number; readonly retried: string | null }[];
}

describeReal('what was set aside', () => {
  const ground = new RetryFixture('avro');
  beforeAll(() => ground.open());
  afterAll(() => ground.close());

  const list = async (...argv: string[]) => {
    const { code, out, err } = await ground.run('dead-letter', 'list', '--json', ...argv);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out) as Listed;
  };
  const positions = ({ records }: Listed) => records.map(({ partition, offset }) => `${partition}:${offset}`);
  const show = async (topic: string, ...argv: string[]) => {
    const { code, out, err } = await ground.run(topic, 'show', '--json', ...argv);
    return { code, err, shown: JSON.parse(out || 'null') };
  };

  test('is listed once it is committed, the latest last, and counted by reason', async () => {
    expect(await list()).toMatchObject({ total: 0, records: [] });
    expect((await ground.run('dead-letter', 'list')).out).toBe('no dead letters\n');
    for (const i of [0, 1, 2]) await ground.setAside(0, i, { key: `k${i}`, value: 'x' });
    await ground.setAside(1, 9, { value: 'x' }, { 'tidemark-reason': 'future' });
    await ground.inTransaction(ground.deadLetter, 0, 'aborted', 'abort', async () => {});
    const all = { total: 4, byReason: { undecodable: 3, future: 1 } };
    await ground.inTransaction(ground.deadLetter, 0, 'of somebody else', 'commit', async () => {
      // Records of an open transaction are not there yet, and must not hold up the reading.
      expect(await list()).toMatchObject(all);
    });
    expect(await list()).toMatchObject({ total: 5, byReason: { ...all.byReason, unknown: 1 } });
    expect(positions(await list('--limit', '2', '--reason', 'undecodable'))).toEqual(['0:1', '0:2']);
    expect(await list('--limit', '2', '--reason', 'undecodable')).toMatchObject({ total: 3 });
    expect(positions(await list('--partition', '1'))).toEqual(['1:0']);
    expect((await list('--until', '1h')).total).toBe(0);
    expect((await list('--since', '1h')).total).toBe(5);
  });

  test('shows what became of it', async () => {
    await ground.run('dead-letter', 'retry', '0:1');
    const { records } = await list('--partition', '0', '--reason', 'undecodable');
    expect(records.map(({ retried }) => retried !== null)).toEqual([false, true, false]);
  });

  test('is shown with its value decoded: Avro by its schema id, JSON, and what is neither as bytes', async () => {
    const registry = new Registry(settingsFor(stack()).registry);
    const known = (await registry.lookup(subjectOf(ground.name), TRACK_EVENT_SCHEMA))!;
    const encode = registryEncoder(registry, known.id);
    const [record] = traffic({ ...DEFAULT_TRAFFIC, broken: 0, seed: 1, startAt: Date.now(), gap: 1_000 });
    const values = [
      await encode(record!),
      Buffer.from(JSON.stringify({ a: '\u001b[2J' })),
      Buffer.from([7, 0xff]),
      Buffer.from([0, 0, 0x7f, 1, 1, 1]),
    ];
    const shown = [];
    for (const [i, value] of values.entries()) {
      await ground.setAside(1, 1_000 + i, { value });
      shown.push((await show('dead-letter', '--source', `1:${1_000 + i}`)).shown[0].value);
    }
    expect(shown[0]).toMatchObject({ format: 'avro', schemaId: known.id, value: { session_id: record!.key } });
    expect(shown[1]).toEqual({ format: 'json', value: { a: '\u001b[2J' } });
    expect(shown[2]).toMatchObject({ format: 'bytes', bytes: 2, hex: '07ff' });
    expect(shown[3]).toMatchObject({
      format: 'bytes',
      note: expect.stringContaining('the registry does not know schema id 8323329'),
    });
    const text = (await ground.run('dead-letter', 'show', '--source', '1:1001')).out;
    expect(text).toContain('\\u001b[2J');
    expect(text).not.toContain('\u001b');
  });

  test('that does not exist is reported as missing', async () => {
    expect(await show('dead-letter', '0:99')).toMatchObject({
      code: 1,
      err: expect.stringContaining('no dead letter at 0:99'),
    });
    expect(await show('late', '0:0')).toMatchObject({ code: 1, err: expect.stringContaining('no late record at 0:0') });
    expect(await show('late', '5:0')).toMatchObject({ code: 1, err: expect.stringContaining('has no partition 5') });
    expect((await ground.run('late', 'list')).out).toBe('no late records\n');
  });
});
