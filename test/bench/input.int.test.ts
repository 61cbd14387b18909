import { afterAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { DEFAULT_SHAPE } from '../../bench/workload/shape.ts';
import { writeWorkload } from '../../bench/workload/write.ts';
import { kafkaClient } from '../../src/kafka/client.ts';
import { ClusterLink } from '../../src/kafka/cluster.ts';
import { partitionsOf } from '../../src/kafka/offsets.ts';
import { Topics } from '../../src/kafka/topics.ts';
import { kafkaAddress } from '../support/parts.ts';
import { plainKafka } from '../support/plain-kafka.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';

describeReal('a workload on a broker', () => {
  const logger = pino({ level: 'silent' });
  const topic = uniqueName('workload');
  const end: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const close of end) await close();
  });

  test('any consumer reads all of it: keys, times and closing events', async () => {
    const address = kafkaAddress(stack());
    const topics = new Topics(address, logger);
    const link = new ClusterLink(kafkaClient(address, logger), logger);
    const consumer = plainKafka(stack()).consumer({ groupId: topic });
    end.push(
      () => consumer.disconnect(),
      () => link.close(),
      () => topics.close(),
    );
    // The broker deletes what is older than a week, unless it is set otherwise.
    await topics.make({ topic, partitions: 3, replicationFactor: null, config: { 'retention.ms': '-1' } });
    const shape = { ...DEFAULT_SHAPE, events: 5_000, partitions: 3 };
    const answer = await link.ask('room', async (cluster) => {
      await partitionsOf(cluster, topic);
      return await writeWorkload(cluster, topic, 1, shape);
    });
    const seen: { readonly partition: number; readonly key: string; readonly timestamp: number }[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const { promise, resolve } = Promise.withResolvers<void>();
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        seen.push({ partition, key: String(message.key), timestamp: Number(message.timestamp) });
        if (seen.length === answer.events + answer.closing) resolve();
      },
    });
    await promise;
    expect(answer).toMatchObject({ events: 5_000, closing: 3 });
    expect(new Set(seen.map(({ key }) => key)).size).toBe(answer.sessions! + 3);
    for (const [partition, own] of Map.groupBy(seen, (one) => one.partition)) {
      const times = own.map(({ timestamp }) => timestamp);
      expect({ partition, times }).toEqual({ partition, times: times.toSorted((a, b) => a - b) });
      expect(times.at(-1)! - times.at(-2)!).toBeGreaterThan(3_600_000);
    }
    expect(Math.min(...seen.map(({ timestamp }) => timestamp))).toBeGreaterThanOrEqual(shape.start);
  });
});
