import { spawn } from 'node:child_process';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { removeAll } from '../../src/demo/remove.ts';
import { loadSettings, type Settings } from '../../src/settings/index.ts';
import { plainKafka } from '../support/plain-kafka.ts';
import { askRegistry } from '../support/registry.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** The answer that the console's page gets. */
interface LiveAnswer {
  readonly store: object;
  readonly partitions: readonly { readonly counts: { readonly records: number } }[];
}

/** The built program, with the shared stack given by environment. */
function demo(argv: readonly string[]) {
  const env = { PATH: process.env.PATH, ...stack().env };
  const child = spawn(process.execPath, [MAIN, 'demo', ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk;
  });
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { child, said, exit };
}

/** What is left of a run of this name. */
async function leftOf(run: string): Promise<string[]> {
  const admin = await connectAdmin();
  const client = new pg.Client(stack().databaseUrl);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      'SELECT nspname AS name FROM pg_namespace UNION SELECT rolname FROM pg_roles',
    );
    const subjects = JSON.parse((await askRegistry(stack(), 'GET', '/subjects')).text) as string[];
    const groups = (await admin.listGroups()).groups.map(({ groupId }) => groupId);
    const names = [...(await admin.listTopics()), ...groups, ...rows.map(({ name }) => name), ...subjects];
    return names.filter((name) => name.includes(run));
  } finally {
    await Promise.all([admin.disconnect(), client.end()]);
  }
}

async function connectAdmin() {
  const admin = plainKafka(stack()).admin();
  await admin.connect();
  return admin;
}

/** Settings with the names that the run had. */
function settingsOf(run: string): Settings {
  const set = [
    `kafka.group=tidemark-demo-${run}`,
    `input.topic=tidemark-demo-${run}.tracks`,
    `output.topic=tidemark-demo-${run}.session-ended`,
    `database.schema=tidemark_demo_${run}`,
  ];
  return loadSettings({ flags: { set }, env: stack().env }).settings;
}

/** The random part of the names in the program's output. */
function runOf(out: string): string {
  return /topic tidemark-demo-([0-9a-f]+)\.tracks\n/.exec(out)![1]!;
}

describeReal('tidemark demo on real parts', () => {
  test('exits 0 because the sums agree, without a word on stderr, and leaves nothing behind', async () => {
    const { said, exit } = demo(['--seconds', '5', '--rate', '40', '--gap', '1s', '--seed', '11']);
    const code = await exit;
    expect({ code, err: said.err }).toEqual({ code: 0, err: '' });
    expect(said.out).toMatch(/ opened {7}[0-9a-f]{8} /);
    expect(said.out).toMatch(/ Visit Ended {2}[0-9a-f]{8} {2}rev 0 /);
    expect(said.out).toMatch(/\n {2}yes {2}visits ended in SQL [1-9]\d* = published and not retracted [1-9]/);
    expect(said.out).toMatch(/\ndemo ok: \d+ sums agree\n/);
    expect(await leftOf(runOf(said.out))).toEqual([]);
  });

  test('Ctrl-C in the middle ends it with 130 and leaves nothing behind', async () => {
    const { child, said, exit } = demo(['--seconds', '60', '--rate', '40', '--gap', '1s']);
    await until('a visit has ended', () => / Visit Ended {2}[0-9a-f]/.test(said.out));
    child.kill('SIGINT');
    expect(await exit).toBe(130);
    expect(await leftOf(runOf(said.out))).toEqual([]);
  });

  test('--keep says how to look at it, goes on with traffic, and keeps it there until and after Ctrl-C', async () => {
    const { child, said, exit } = demo(['--seconds', '2', '--rate', '40', '--gap', '500ms', '--keep']);
    await until('it is kept', () => said.out.includes('/metrics'));
    const run = runOf(said.out);
    expect(said.out).toContain(`psql "$DATABASE_URL" -c 'SELECT session_id`);
    const page = / console +(http:\S+\/)\n/.exec(said.out)![1]!;
    expect((await fetch(page)).headers.get('content-type')).toMatch(/^text\/html/);
    const live = async () => (await (await fetch(`${page}console/live`)).json()) as LiveAnswer;
    expect((await live()).store).toMatchObject({ kind: 'postgres', error: null });
    const folded = async () => (await live()).partitions.reduce((sum, { counts }) => sum + counts.records, 0);
    const before = await folded();
    await until('traffic goes on', async () => (await folded()) > before);
    const metrics = await fetch(/http:\S+\/metrics/.exec(said.out)![0]);
    expect(await metrics.text()).toMatch(/tidemark_records_total\{partition="0"\} \d/);
    child.kill('SIGINT');
    expect(await exit).toBe(0);
    expect(await leftOf(run)).toContain(`tidemark_demo_${run}`);
    await removeAll(settingsOf(run), connectAdmin);
    expect(await leftOf(run)).toEqual([]);
  });
});
