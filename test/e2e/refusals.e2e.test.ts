import { afterAll, beforeAll, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { withParameter } from '../support/parts.ts';
import { describeReal, stack } from '../support/stack.ts';
import { PARTITIONS, TestPipeline } from './support/pipeline.ts';
import { plainEvent } from './support/traffic.ts';

describeReal('run refuses to fold on, and says what to do', () => {
  let pipeline: TestPipeline;

  beforeAll(async () => {
    pipeline = new TestPipeline(stack(), 'refusals');
    await pipeline.setUp();
    await pipeline.startWriting(1);
    const program = pipeline.run();
    await program.ready();
    await pipeline.stopWriting();
    await pipeline.settled();
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  });

  afterAll(() => pipeline.end());

  /** It ends by itself, with this code and these words, and nothing that is kept has changed. */
  async function expectRefusal(code: number, words: readonly RegExp[], env: Record<string, string> = {}) {
    const before = await kept();
    const program = pipeline.run(env);
    expect(await program.over()).toEqual({ code, signal: null });
    const last = JSON.parse(program.err.at(-1)!) as { level: string; exitCode: number; msg: string };
    expect(last).toMatchObject({ level: 'fatal', exitCode: code });
    const said = last.msg;
    for (const word of words) expect(said).toMatch(word);
    expect(await kept()).toEqual(before);
  }

  async function kept() {
    const status = await pipeline.status();
    return status.map(({ partition, nextOffset, sequence, counts }) => ({ partition, nextOffset, sequence, counts }));
  }

  test('where a setting that decides has changed under running state', async () => {
    await expectRefusal(2, [/visit\.gap was 1s and is now 2s/, /fold the log anew/], { TIDEMARK_VISIT_GAP: '2s' });
  });

  test('where the session timeout is not within the bounds of the brokers', async () => {
    const words = [
      /session timeout is not within the range/,
      /set kafka\.session_timeout .*group\.min\.session\.timeout\.ms/,
    ];
    await expectRefusal(1, words, { TIDEMARK_KAFKA_SESSION_TIMEOUT: '3s' });
  });

  test('where synchronous_commit is off', async () => {
    // As a role or a database would have it, for these connections alone.
    const url = withParameter(stack().databaseUrl, 'options', '-c synchronous_commit=off');
    await expectRefusal(1, [/synchronous_commit is off/, /ALTER ROLE/], { DATABASE_URL: url });
  });

  test('where the schema of the database is newer', async () => {
    const database = await pipeline.database();
    await database.query("INSERT INTO migration (name, run_on) VALUES ('9999_of_the_future', now())");
    await expectRefusal(1, [/newer tidemark \(9999_of_the_future\)/, /use that version/]);
    await database.query("DELETE FROM migration WHERE name = '9999_of_the_future'");
  });

  test('where nothing was set up', async () => {
    await expectRefusal(1, [/run tidemark setup/], { TIDEMARK_DATABASE_SCHEMA: `${pipeline.name}_other` });
  });

  test('where the topic keeps the timestamps of producers', async () => {
    await stamp('CreateTime');
    await expectRefusal(1, [/keeps the producers' timestamps/, /message\.timestamp\.type=LogAppendTime/]);
    await stamp('LogAppendTime');
  });

  test('where records were deleted that it has not folded', async () => {
    const writer = await pipeline.writer();
    await writer.write([0, 1].map(() => ({ ...plainEvent('deleted'), partition: 0 })));
    const admin = await pipeline.admin();
    await admin.deleteTopicRecords({ topic: pipeline.name, partitions: [{ partition: 0, offset: '-1' }] });
    await expectRefusal(1, [/partition 0 .*: records \d+ to \d+ were deleted before they were folded/, /retention/]);
  });

  test('where the topic has other partitions than before', async () => {
    const admin = await pipeline.admin();
    await admin.createPartitions({ topicPartitions: [{ topic: pipeline.name, count: PARTITIONS + 1 }] });
    await expectRefusal(1, [/has 4 partitions, and had 3/, /fold the log anew/]);
  });

  async function stamp(by: 'CreateTime' | 'LogAppendTime'): Promise<void> {
    const admin = await pipeline.admin();
    const configEntries = [{ name: 'message.timestamp.type', value: by }];
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    await admin.alterConfigs({ validateOnly: false, resources: [{ type, name: pipeline.name, configEntries }] });
  }
});
