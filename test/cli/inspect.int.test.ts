import { beforeAll, expect, test } from '@jest/globals';
import { connect } from '../../src/postgres/connect.ts';
import { writeMeta } from '../../src/postgres/meta.ts';
import { decidingSettings, loadSettings } from '../../src/settings/index.ts';
import { FoldedPartition, MINUTE, RULES, T0 } from '../inspect/support/folded-partition.ts';
import { testSchema } from '../postgres/support/schema.ts';
import { describeReal } from '../support/stack.ts';
import { tidemark } from './support/harness.ts';

describeReal('visit, session and profile', () => {
  const schema = testSchema();
  let visitId = '';
  /** The file says another gap than the state was folded under. */
  const run = (...argv: string[]) =>
    tidemark(argv, {
      env: { DATABASE_URL: schema.url, TIDEMARK_DATABASE_SCHEMA: schema.schema, TIDEMARK_VISIT_GAP: '1m' },
    });

  beforeAll(async () => {
    const kept = decidingSettings(loadSettings({ flags: {}, env: {}, cwd: '/' }).settings);
    const client = await connect(schema.options);
    await writeMeta(client, { inputTopic: 'tracks', partitions: 1, settings: kept, outputSchemaId: null });
    await client.end();
    const partition = await FoldedPartition.takeOver(schema, RULES);
    await partition.event({ session: 's\u001b[2J', profile: 'p', t: T0, page: '/' });
    visitId = (await partition.event({ session: 's\u001b[2J', profile: 'p', t: T0 + MINUTE, page: '/<script>' }))
      .visitId;
  });

  test('go by the settings that the state was folded under, and show nothing that a terminal acts on', async () => {
    const { code, out, err } = await run('visit', visitId);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('2026-11-05 12:32:10 UTC');
    expect(out).toMatch(/2 {2}2026-11-05 12:01:00\.000 {2}\+1m00s {2}page-view {2}\/<script>/);
    expect(out).toContain('s\\u001b[2J');
    expect(out).not.toContain('\u001b');
  });

  test('print JSON that says the same', async () => {
    const report = JSON.parse((await run('visit', visitId, '--json', '--limit', '1', '--offset', '1')).out);
    expect(report).toMatchObject({
      visitId,
      visit: { status: 'open', ending: { dueAt: T0 + MINUTE + 31 * MINUTE + 10_000 } },
    });
    expect(report.events).toMatchObject({
      total: 2,
      offset: 1,
      items: [{ position: 2, page: '/<script>', gapMs: MINUTE }],
    });
    const session = JSON.parse((await run('session', 's\u001b[2J', '--json')).out);
    expect(session).toMatchObject({ sums: [{ visitCount: 1, eventCount: 2 }], visits: { items: [{ visitId }] } });
    const profile = JSON.parse((await run('profile', 'p', '--json')).out);
    expect(profile).toMatchObject({ sums: { visitCount: 1, eventCount: 2 }, visits: { items: [{ visitId }] } });
  });

  test('exit 1 for what is not there, and say what was looked for, what is like it and where it may be', async () => {
    const like = await run('visit', visitId.slice(0, 10));
    expect(like).toMatchObject({ code: 1, out: '', err: expect.stringContaining(`tidemark visit ${visitId}`) });
    const unknown = await run('profile', 'nobody');
    expect(unknown.code).toBe(1);
    expect(unknown.err).toMatch(/^tidemark: no profile nobody in schema \w+: /);
    expect(unknown.err).toContain('tracks.dead-letter');
  });

  test('exit 1 where the schema is not set up, and 3 where Postgres is away', async () => {
    const env = { DATABASE_URL: schema.url, TIDEMARK_DATABASE_SCHEMA: 'there_is_none' };
    expect(await tidemark(['session', 's'], { env })).toMatchObject({
      code: 1,
      err: expect.stringContaining('tidemark setup'),
    });
    const away = { DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    expect(await tidemark(['session', 's'], { env: away })).toMatchObject({ code: 3 });
  });
});
