import { afterEach, expect, test } from '@jest/globals';
import { CannotGoOn } from '../../src/ports/errors.ts';
import { describeReal, uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { client, makeTopic, Reader } from './support/broker.ts';

describeReal('an input that is given more partitions', () => {
  const readers: Reader[] = [];

  afterEach(async () => {
    await Promise.all(readers.splice(0).map((one) => one.log.stop()));
  });

  test('has none of them dealt out at the next change of the group: all members stop, and say what to do', async () => {
    const [topic, group] = [await makeTopic(2), uniqueName('g')];
    const join = async (partitions: number) => {
      const one = new Reader({ topic, group, partitions });
      readers.push(one);
      await one.log.start(one);
      return one;
    };
    const one = await join(2);
    await until('it is dealt both', () => one.owned.length === 2);
    const admin = client().admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await admin.disconnect();
    const two = await join(2);
    await until('somebody stops', () => readers.some(({ failures }) => failures.length > 0));
    const [error] = readers.flatMap(({ failures }) => failures);
    expect(error).toBeInstanceOf(CannotGoOn);
    expect(error!.message).toMatch(new RegExp(`^topic ${topic} has 3 partitions, and had 2 when.*: fold the log anew`));
    expect([...one.assignments, ...two.assignments].flat()).not.toContain(2);
  });
});
