import { afterAll, expect, test } from '@jest/globals';
import { setUpTopics } from '../../src/kafka/setup.ts';
import { Topics } from '../../src/kafka/topics.ts';
import { kafkaAddress } from '../support/parts.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { client, makeTopic, quiet } from './support/broker.ts';

describeReal('the topics of a cluster', () => {
  const made: Topics[] = [];
  const topics = () => {
    const one = new Topics(kafkaAddress(stack()), quiet);
    made.push(one);
    return one;
  };
  afterAll(async () => {
    await Promise.all(made.map((one) => one.close()));
  });

  /** As a client of the tests' own is told. */
  const replicasOf = async (topic: string) => {
    const admin = client().admin();
    await admin.connect();
    const [found] = (await admin.fetchTopicMetadata({ topics: [topic] })).topics;
    await admin.disconnect();
    return found!.partitions[0]!.replicas.length;
  };

  const settings = (input: string) =>
    ({
      input: { topic: input, format: 'avro', timestamps: 'append', start: 'earliest' },
      output: { topic: `${input}.output`, debug: false },
      deadLetter: { topic: `${input}.dead-letter` },
      late: { topic: `${input}.late` },
      topics: { partitions: 3, replicationFactor: null },
    }) as unknown as Parameters<typeof setUpTopics>[1];

  test('are made where they are missing, and a second run changes and finds nothing', async () => {
    const input = uniqueName('setup');
    const checked = await setUpTopics(topics(), settings(input), true);
    expect(checked.map(({ state }) => state)).toEqual(['missing', 'missing', 'missing', 'missing']);
    const first = await setUpTopics(topics(), settings(input));
    expect(first.map(({ role, state, partitions }) => [role, state, partitions])).toEqual([
      ['input', 'made', 3],
      ['output', 'made', 3],
      ['dead-letter', 'made', 3],
      ['late', 'made', 3],
    ]);
    const second = await setUpTopics(topics(), settings(input));
    expect(second.every(({ state, differences }) => state === 'exists' && differences.length === 0)).toBe(true);
    expect(await topics().describe(input)).toMatchObject({
      partitions: 3,
      replicas: await replicasOf(await makeTopic()),
      config: { 'message.timestamp.type': 'LogAppendTime' },
    });
  });

  test('that exist are left as they are, and what would have been set otherwise is said', async () => {
    const input = await makeTopic(2);
    const before = await topics().describe(input);
    const compacted = { ...settings(input), output: { topic: await makeTopic(5, { 'cleanup.policy': 'compact' }) } };
    const [first, output, deadLetter] = await setUpTopics(topics(), compacted as never);
    expect(first!.differences).toEqual([expect.stringContaining('message.timestamp.type is CreateTime')]);
    expect(output!.differences).toEqual([
      expect.stringContaining('5 partitions, the input 2'),
      expect.stringContaining('cleanup.policy is compact'),
    ]);
    expect(deadLetter).toMatchObject({ state: 'made', partitions: 2 });
    expect(await topics().describe(input)).toEqual(before);
  });

  test('that have to be there are asked for with what to do', async () => {
    const absent = uniqueName('absent');
    expect(await topics().describe(absent)).toBeNull();
    await expect(topics().require(absent)).rejects.toThrow(`topic ${absent} does not exist: make it with`);
  });
});
