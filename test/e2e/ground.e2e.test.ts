import { afterAll, beforeAll, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { sqlGrants } from '../../src/postgres/grants.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { PARTITIONS, TestPipeline, withOutput } from './support/pipeline.ts';
import type { Program } from './support/program.ts';

describeReal('what a start would refuse ends a processor that runs, in the same way', () => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = new TestPipeline(stack(), 'ground');
    await pipeline.setUp();
  });

  afterAll(() => pipeline.end());

  /** It ends by itself, with exit code 1 and these words, and a start is refused in the same words. */
  async function expectRefusal(words: readonly RegExp[], change: () => Promise<void>) {
    await withOutput(pipeline, async () => {
      const program = pipeline.run();
      await program.ready();
      await change();
      await expectWords(program, words);
      await expectWords(pipeline.run(), words);
    });
  }

  async function expectWords(program: Program, words: readonly RegExp[]) {
    expect(await program.over(90_000)).toEqual({ code: 1, signal: null });
    const last = JSON.parse(program.err.at(-1)!) as { level: string; exitCode: number; msg: string };
    expect(last).toMatchObject({ level: 'fatal', exitCode: 1 });
    for (const word of words) expect(last.msg).toMatch(word);
  }

  async function configure(topic: string, name: string, value: string): Promise<void> {
    const admin = await pipeline.admin();
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    const resources = [{ type, name: topic, configEntries: [{ name, value }] }];
    await admin.alterConfigs({ validateOnly: false, resources });
  }

  test('where producers stamp the records from now on', async () => {
    const words = [/keeps the producers' timestamps/, /message\.timestamp\.type=LogAppendTime/];
    await expectRefusal(words, () => configure(pipeline.name, 'message.timestamp.type', 'CreateTime'));
    await configure(pipeline.name, 'message.timestamp.type', 'LogAppendTime');
  });

  test('where the schema of the database is newer', async () => {
    const database = await pipeline.database();
    await expectRefusal([/newer tidemark \(9999_of_the_future\)/, /use that version/], async () => {
      await database.query("INSERT INTO migration (name, run_on) VALUES ('9999_of_the_future', now())");
    });
    await database.query("DELETE FROM migration WHERE name = '9999_of_the_future'");
  });

  test('what a start would only warn of is told at once, and folding goes on', async () => {
    await withOutput(pipeline, async () => {
      const program = pipeline.run();
      await program.ready();
      await configure(pipeline.settings.output.topic, 'cleanup.policy', 'compact');
      await program.logs(/^topics that are compacted/);
      await configure(pipeline.settings.output.topic, 'cleanup.policy', 'delete');
      expect(await program.stop()).toEqual({ code: 0, signal: null });
    });
  });

  test('a right in Postgres that is taken away is named with its GRANT, also where nothing is to be folded, and waited for', async () => {
    const database = await pipeline.database();
    const role = `${pipeline.name}_run`;
    const { rows } = await database.query('SELECT current_user AS owner, current_database() AS database');
    const names = { run: role, retry: role, reader: role, schema: pipeline.name };
    const printed = sqlGrants({ ...rows[0], ...names }).find((each) => each.role === 'run')!;
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`);
    for (const sql of printed.sql) await database.query(sql);
    const url = new URL(stack().databaseUrl);
    url.username = role;
    url.password = 'secret';
    await withOutput(pipeline, async () => {
      const program = pipeline.run({ DATABASE_URL: url.href });
      await program.ready();
      const of = `INSERT ON "${pipeline.name}"."visit_revision"`;
      await database.query(`REVOKE ${of} FROM ${role}`);
      await until('/readyz names it', async () => {
        const answer = await program.get('/readyz');
        return answer.status === 503 && (await answer.text()).includes('GRANT INSERT ON');
      });
      await database.query(`GRANT ${of} TO ${role}`);
      await program.ready();
      expect(await program.stop()).toEqual({ code: 0, signal: null });
    });
    await database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  test('where partitions were added to the input, none of which it adopts', async () => {
    const words = [/has 4 partitions, and had 3/, /fold the log anew/];
    await expectRefusal(words, async () => {
      const admin = await pipeline.admin();
      await admin.createPartitions({ topicPartitions: [{ topic: pipeline.name, count: PARTITIONS + 1 }] });
    });
    const database = await pipeline.database();
    const { rows } = await database.query('SELECT partition FROM partition_state ORDER BY partition');
    expect(rows.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  });
});
