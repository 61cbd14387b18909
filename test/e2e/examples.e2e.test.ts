import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { type Example, ExampleRun } from './support/example.ts';
import { type TestPipeline, withPipeline } from './support/pipeline.ts';
import { pythonForExamples } from './support/python.ts';

type Row = Readonly<Record<string, unknown>>;

const KEPT = `visit_id, revision, session_id, profile_id, reason, started_at, ended_at, event_count, page_view_count,
  entry_page, exit_page, utm_campaign`;
const MS = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8 AS ${column}`;
const STANDS = `SELECT ${KEPT.replace('reason', 'end_reason AS reason')
  .replace('started_at', MS('started_at'))
  .replace('ended_at', MS('ended_at'))}
FROM visits WHERE NOT debug AND revision IS NOT NULL ORDER BY visit_id`;

/** Rows that a consumer has kept before it is killed, each time. */
const SOME = 8;

// Before any test: which of them exist depends on it.
const python = pythonForExamples();

/** A test that runs a program in Python; skipped with the reason where there is none, and failed where there has to be. */
function inPython(name: string, body: (command: string) => Promise<void>): void {
  if ('path' in python) {
    test(name, () => body(python.path));
  } else if (process.env.TIDEMARK_STACK === 'required') {
    test(name, () => {
      throw new Error(python.missing);
    });
  } else {
    test.skip(`${name} (skipped: ${python.missing})`, () => {});
  }
}

describeReal('a consumer that keeps the latest revision of each visit', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'tidemark-consumer-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What a consumer has in its file. */
  function kept(file: string, sql: string): Row[] {
    const db = new DatabaseSync(file, { readOnly: true });
    try {
      db.exec('PRAGMA busy_timeout = 5000');
      return db
        .prepare(sql)
        .all()
        .map((row) => ({ ...row }));
    } finally {
      db.close();
    }
  }
  const counted = (file: string, what: string) => Number(kept(file, `SELECT count(*) AS n FROM ${what}`)[0]!.n);

  /** Kills it three times with some messages kept, begins again each time, and leaves the last to run. */
  async function killedAgainAndAgain(start: () => ExampleRun, file: string): Promise<ExampleRun> {
    for (let had = 0; ; ) {
      const run = start();
      const now = () => sizeOf(file);
      await until('it has kept some', () => {
        if (run.isOver) throw new Error(`it ended by itself: ${run.said}`);
        return now() >= had + SOME;
      });
      had = now();
      if (had >= 3 * SOME) return run;
      run.kill('SIGKILL');
      await run.exit;
    }
  }

  function sizeOf(file: string): number {
    try {
      return counted(file, 'latest_revision');
    } catch {
      // The file, or the table in it, is not there yet.
      return 0;
    }
  }

  async function holdsWhatStands(example: Example, pipeline: TestPipeline): Promise<void> {
    const file = join(directory, `${pipeline.name}.db`);
    const start = (...args: string[]) => new ExampleRun(example, [file, ...args], pipeline);
    await pipeline.setUp();
    const processor = pipeline.run();
    await processor.ready();
    await pipeline.startWriting(3);
    const run = await killedAgainAndAgain(start, file);
    try {
      await until('visits were amended and taken back', async () => {
        const counts = (await pipeline.status()).map((status) => status.counts);
        return (['amended', 'retracted'] as const).every((kind) => counts.some((one) => one[kind] > 0));
      });
      await pipeline.stopWriting();
      await pipeline.settled();
    } finally {
      run.kill('SIGINT');
    }
    expect({ exit: await run.exit, said: run.said }).toMatchObject({ exit: 0 });

    const right = (await (await pipeline.database()).query<Row>(STANDS)).rows;
    const look = () => kept(file, `SELECT ${KEPT} FROM visits ORDER BY visit_id`);
    const toTheEnd = start('--until-end');
    expect({ exit: await toTheEnd.exit, said: toTheEnd.said }).toMatchObject({ exit: 0 });
    expect(look()).toEqual(right);
    expect(counted(file, 'latest_revision WHERE retracted')).toBeGreaterThan(0);
    expect(counted(file, 'visits WHERE revision > 0')).toBeGreaterThan(0);

    // Everything a second time, from the beginning: at no moment an older revision takes the place of a newer one.
    const db = new DatabaseSync(file);
    db.exec(`DELETE FROM position; CREATE TABLE changed (visit_id);
      CREATE TRIGGER tell AFTER UPDATE ON latest_revision BEGIN INSERT INTO changed VALUES (old.visit_id); END`);
    db.close();
    const again = start('--until-end');
    expect({ exit: await again.exit, said: again.said }).toMatchObject({ exit: 0 });
    expect(look()).toEqual(right);
    expect(counted(file, 'position')).toBeGreaterThan(0);
    expect(counted(file, 'changed')).toBe(0);
  }

  test('examples/consumer.ts holds what the view visits does, across kills, restarts and messages read twice', async () => {
    const example = { command: process.execPath, file: 'consumer.ts' };
    await withPipeline(stack(), 'keep_ts', (pipeline) => holdsWhatStands(example, pipeline));
  });

  inPython('examples/consumer.py does the same', async (command) => {
    await withPipeline(stack(), 'keep_py', (pipeline) => holdsWhatStands({ command, file: 'consumer.py' }, pipeline));
  });
});

describeReal('a producer', () => {
  /** Its visits are of the last minutes. */
  const RULES = {
    ...{ TIDEMARK_VISIT_GAP: '30m', TIDEMARK_VISIT_MAX_DURATION: '24h', TIDEMARK_VISIT_ALLOWED_LATENESS: '24h' },
    ...{ TIDEMARK_VISIT_MAX_AGE: '30d' },
  };

  inPython('examples/producer.py writes two visits: one that ends, and one that stays open', async (command) => {
    const body = async (pipeline: TestPipeline) => {
      await pipeline.setUp();
      await pipeline.run().ready();
      const run = new ExampleRun({ command, file: 'producer.py' }, [], pipeline);
      expect({ exit: await run.exit, said: run.said }).toMatchObject({ exit: 0 });
      const database = await pipeline.database();
      const query = `SELECT status, end_reason, profile_id, event_count, entry_page, exit_page, utm_campaign, device_brand
        FROM visits ORDER BY started_at`;
      const visits = async () => (await database.query<Row>(query)).rows;
      await until('one has ended', async () => (await visits()).some(({ status }) => status === 'ended'));
      const nothing = { end_reason: null, utm_campaign: null, device_brand: null };
      expect(await visits()).toEqual([
        {
          ...{ status: 'ended', end_reason: 'explicit', profile_id: 'p-ada', event_count: 4 },
          ...{ entry_page: '/', exit_page: '/lamps/7', utm_campaign: 'autumn', device_brand: 'Fairphone' },
        },
        { status: 'open', profile_id: 'p-ben', event_count: 1, entry_page: '/', exit_page: '/', ...nothing },
      ]);
    };
    await withPipeline(stack(), 'produce_py', body, RULES);
  });
});
