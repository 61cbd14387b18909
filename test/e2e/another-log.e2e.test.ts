import { expect, test } from '@jest/globals';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { PARTITIONS, type TestPipeline, withPipeline } from './support/pipeline.ts';
import { plainEvent } from './support/traffic.ts';
import { Writer } from './support/writer.ts';

describeReal('a log that is another while a processor runs', () => {
  test('is not folded on where the topic is made anew and filled past the position at once', async () => {
    await withPipeline(stack(), 'another', async (pipeline) => {
      await pipeline.setUp();
      await fill(pipeline, 20);
      const program = pipeline.run();
      await program.ready();
      await until('all is folded', async () => (await offsets(pipeline)).every((offset) => offset === 20));
      const admin = await pipeline.admin();
      const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }];
      const anew = { topic: pipeline.name, numPartitions: PARTITIONS, configEntries };
      await admin.deleteTopics({ topics: [pipeline.name] });
      await until('it is made anew', () =>
        admin.createTopics({ waitForLeaders: false, topics: [anew] }).catch(() => false),
      );
      await fill(pipeline, 200);
      expect(await program.over()).toEqual({ code: 1, signal: null });
      expect(program.err.at(-1)).toMatch(/holds another record than the one folded there\. The topic was made anew/);
      expect(await offsets(pipeline)).toEqual([20, 20, 20]);
    });
  });

  /** So many records in each partition, by a writer of its own: one that lives on knows the topic that was before. */
  async function fill(pipeline: TestPipeline, count: number): Promise<void> {
    const writer = await Writer.open({ ...pipeline.parts, topic: pipeline.name, partitions: PARTITIONS });
    const records = Array.from({ length: count * PARTITIONS }, (_, i) => ({
      ...plainEvent(`s${i}`),
      partition: i % PARTITIONS,
    }));
    await writer.write(records);
    await writer.close();
  }

  async function offsets(pipeline: TestPipeline): Promise<number[]> {
    return (await pipeline.status()).map(({ nextOffset }) => nextOffset ?? 0);
  }
});
