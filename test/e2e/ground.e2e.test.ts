import { afterAll, beforeAll, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { describeReal, stack } from '../support/stack.ts';
import { PARTITIONS, Pipeline, told } from './support/pipeline.ts';
import type { Program } from './support/program.ts';

describeReal('what a start would refuse ends a processor that runs, in the same way', () => {
  let pipeline: Pipeline;

  beforeAll(async () => {
    pipeline = new Pipeline(stack(), 'ground');
    await pipeline.setUp();
  });

  afterAll(() => pipeline.end());

  /** It ends by itself, with exit code 1 and these words, and a start is refused in the same words. */
  async function expectRefusal(words: readonly RegExp[], change: () => Promise<void>) {
    await told(pipeline, async () => {
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
    await told(pipeline, async () => {
      const program = pipeline.run();
      await program.ready();
      await configure(pipeline.settings.output.topic, 'cleanup.policy', 'compact');
      await program.logs(/^topics that are compacted/);
      await configure(pipeline.settings.output.topic, 'cleanup.policy', 'delete');
      expect(await program.stop()).toEqual({ code: 0, signal: null });
    });
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
