import { spawn } from 'node:child_process';
import { afterEach, expect, test } from '@jest/globals';
import type { Consumer } from 'kafkajs';
import { CannotGoOn } from '../../src/ports/errors.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { client, makeTopic, Reader } from './support/broker.ts';

describeReal('another program in the consumer group', () => {
  const ending: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });

  async function reader(topic: string, group: string): Promise<Reader> {
    const one = new Reader({ topic, group });
    ending.push(() => one.log.stop());
    await one.log.start(one);
    return one;
  }

  /** A consumer of KafkaJS, as others write them. */
  async function consumer(topic: string, group: string) {
    const consumer: Consumer = client().consumer({ groupId: group, retry: { retries: 0 } });
    ending.push(() => consumer.disconnect());
    const became = { in: false, refused: false };
    consumer.on('consumer.group_join', () => {
      became.in = true;
    });
    consumer.on('consumer.crash', () => {
      became.refused = true;
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    await consumer.run({ eachMessage: async () => {} }).catch(() => {
      became.refused = true;
    });
    return became;
  }

  test('that was there before is named, with what to do', async () => {
    const [topic, group] = [await makeTopic(2), uniqueName('g')];
    const other = await consumer(topic, group);
    await until('it is in the group', () => other.in);
    const one = await reader(topic, group);
    await until('it gives up', () => one.failures.length > 0);
    expect(one.failures[0]!.message).toMatch(
      /another program is in this consumer group: give tidemark .* kafka\.group/,
    );
    expect(one.assignments).toEqual([]);
  });

  test('that comes later is not let in, and takes nothing away', async () => {
    const [topic, group] = [await makeTopic(2), uniqueName('g')];
    const one = await reader(topic, group);
    await until('it is dealt all', () => one.owned.length === 2);
    const other = await consumer(topic, group);
    await until('it is refused', () => other.refused);
    expect([other.in, one.owned, one.failures]).toEqual([false, [0, 1], []]);
  });

  test('of ours, that reads another topic, is told from this one', async () => {
    const [topic, other, group] = [await makeTopic(2), await makeTopic(2), uniqueName('g')];
    const one = await reader(topic, group);
    await until('it is dealt all', () => one.owned.length === 2);
    const two = await reader(other, group);
    await until('one gives up', () => one.failures.length + two.failures.length > 0);
    const [error] = [...one.failures, ...two.failures];
    expect(error).toBeInstanceOf(CannotGoOn);
    expect(error!.message).toMatch(/^consumer group \S+ has a member that reads \S+ .*: give each its own group/);
  });

  const { java, jars, properties, brokers } = stack();
  (jars === null ? test.skip : test)('that speaks the newer protocol of groups is named too', async () => {
    const [topic, group] = [await makeTopic(2), uniqueName('g')];
    const child = spawn(java, [
      ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx128m', '-cp', `${jars}/*`],
      ...['org.apache.kafka.tools.consumer.ConsoleConsumer', '--bootstrap-server', brokers.join(',')],
      ...(properties === null ? [] : ['--consumer.config', properties]),
      ...['--topic', topic, '--group', group, '--consumer-property', 'group.protocol=consumer'],
    ]);
    const exit = new Promise((resolve) => child.once('close', resolve));
    ending.push(async () => {
      child.kill();
      await exit;
    });
    const one = new Reader({ topic, group });
    ending.push(() => one.log.stop());
    await until('it is in the group', () => isThere(group));
    await one.log.start(one);
    await until('it gives up', () => one.failures.length > 0);
    expect(one.failures[0]!.message).toMatch(/another program is in consumer group .*: give tidemark .* kafka\.group/);
    expect(one.assignments).toEqual([]);
  });

  async function isThere(group: string): Promise<boolean> {
    const admin = client().admin();
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    return groups.some(({ groupId }) => groupId === group);
  }
});
