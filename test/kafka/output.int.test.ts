import { afterEach, expect, test } from '@jest/globals';
import { KafkaOutput } from '../../src/kafka/output.ts';
import type { OutMessage, OutputSession, OutputTopic } from '../../src/ports/output.ts';
import { kafkaAddress } from '../support/parts.ts';
import { describeReal, stack, uniqueName } from '../support/stack.ts';
import { ready } from '../wire/support/messages.ts';
import { makeTopic, quiet, transactions } from './support/broker.ts';
import { consoleConsumer } from './support/console.ts';

interface Made {
  readonly output: KafkaOutput;
  readonly input: string;
  readonly topics: Record<OutputTopic, string>;
}

function message(input: string, partition: number, sequence: number, more: Partial<OutMessage> = {}): OutMessage {
  return {
    topic: 'output',
    sequence,
    key: Buffer.from(`key-${sequence}`),
    value: Buffer.from(`value-${sequence}`),
    headers: [
      ['tidemark-topic', Buffer.from(input)],
      ['tidemark-partition', Buffer.from(String(partition))],
      ['tidemark-sequence', Buffer.from(String(sequence))],
    ],
    ...more,
  };
}

describeReal('the output on a broker', () => {
  const outputs: KafkaOutput[] = [];
  afterEach(async () => {
    await Promise.all(outputs.splice(0).map((output) => output.close()));
  });

  async function make(
    given: { partitions?: number; deadLetter?: number; config?: Record<string, string> } = {},
  ): Promise<Made> {
    const { partitions = 2, deadLetter = partitions, config } = given;
    const input = await makeTopic(partitions);
    const topics = {
      output: await makeTopic(partitions, config),
      'dead-letter': await makeTopic(deadLetter),
      late: await makeTopic(partitions),
    };
    return { input, topics, output: another(input, topics) };
  }

  function another(input: string, topics: Record<OutputTopic, string>): KafkaOutput {
    const address = kafkaAddress(stack());
    const output = new KafkaOutput({ address, group: `group-of-${input}`, input, topics, logger: quiet });
    outputs.push(output);
    return output;
  }

  const sendAll = async (session: OutputSession, input: string, sequences: readonly number[], partition = 0) => {
    const messages = sequences.map((sequence) => message(input, partition, sequence));
    await session.send([ready(messages)], sequences.at(-1)! + 1);
  };
  const range = (count: number, first = 0) => Array.from({ length: count }, (_, i) => first + i);

  test('the position is none at first, goes out with the messages, and outlives the producer', async () => {
    const { output, input, topics } = await make();
    const first = await output.open(1);
    expect(await first.position()).toBeNull();
    await sendAll(first, input, [0, 1, 2], 1);
    await sendAll(first, input, [3], 1);
    await first.renew(4);
    expect(await first.position()).toBe(4);
    await first.close();
    const second = await another(input, topics).open(1);
    expect(await second.position()).toBe(4);
    expect(await (await output.open(0)).position()).toBeNull();
    expect(await consoleConsumer(topics.output, 2, 4)).toEqual(range(4).map((s) => `1|key-${s}|value-${s}`));
  });

  test('a newer producer fences the one before from the moment it is open', async () => {
    const { output, input, topics } = await make();
    const old = await output.open(0);
    await sendAll(old, input, [0]);
    const young = await another(input, topics).open(0);
    await expect(sendAll(old, input, [1])).rejects.toThrow();
    await expect(old.renew(9)).rejects.toThrow(/no more use/);
    expect(await young.position()).toBe(1);
    await sendAll(young, input, [1]);
    expect(await young.readBack(0)).toHaveLength(2);
  });

  test('a transaction that fails leaves neither messages nor a position', async () => {
    const { output, input, topics } = await make({ config: { 'max.message.bytes': '100000' } });
    const first = await output.open(0);
    await sendAll(first, input, [0]);
    const large = message(input, 0, 300, { value: Buffer.alloc(200_000) });
    const some = range(299, 1).map((sequence) => message(input, 0, sequence, { value: Buffer.alloc(1_000) }));
    await expect(first.send([ready([...some, large])], 301)).rejects.toThrow();
    const second = await output.open(0);
    expect(await second.position()).toBe(1);
    await sendAll(second, input, [1, 2]);
    expect((await second.readBack(0)).map(({ sequence, value }) => [sequence, String(value)])).toEqual(
      range(3).map((sequence) => [sequence, `value-${sequence}`]),
    );
    expect(await consoleConsumer(topics.output, 2, 3)).toEqual(range(3).map((s) => `0|key-${s}|value-${s}`));
  });

  test('what is larger than a request goes in several, in order, within one transaction', async () => {
    const { output, input } = await make();
    const session = await output.open(0);
    const large = range(2_500).map((sequence) =>
      message(input, 0, sequence, { value: Buffer.alloc(sequence === 7 ? 900_000 : 500, 'x') }),
    );
    await session.send([ready(large)], 2_500);
    const back = await session.readBack(0);
    expect(back.map(({ sequence }) => sequence)).toEqual(range(2_500));
    expect(back[7]!.value).toHaveLength(900_000);
  });

  test('messages go to the partition of the input, and by key where a topic has another number of them', async () => {
    const { output, input, topics } = await make({ partitions: 2, deadLetter: 3 });
    const session = await output.open(1);
    const aside = { topic: 'dead-letter' as const, value: null };
    await session.send(
      [
        ready([
          message(input, 1, 0),
          message(input, 1, 1, { ...aside, key: Buffer.from('session-1') }),
          message(input, 1, 2, { ...aside, key: Buffer.from('session-2') }),
          message(input, 1, 3, { ...aside, key: null, value: Buffer.from('as it came') }),
          message(input, 1, 4, { topic: 'late' }),
        ]),
      ],
      5,
    );
    expect(await consoleConsumer(topics.output, 2, 1)).toEqual(['1|key-0|value-0']);
    // As Java's murmur2 has it: toPositive(murmur2("session-1")) % 3 and so on; checked in layout.unit.test.ts.
    const deadLetters = await consoleConsumer(topics['dead-letter'], 3, 3);
    expect(deadLetters).toHaveLength(3);
    expect(deadLetters).toContain('1|null|as it came');
    expect(await session.readBack(0)).toEqual([
      { topic: 'output', sequence: 0, value: Buffer.from('value-0') },
      { topic: 'dead-letter', sequence: 1, value: null },
      { topic: 'dead-letter', sequence: 2, value: null },
      { topic: 'dead-letter', sequence: 3, value: null },
      { topic: 'late', sequence: 4, value: null },
    ]);
  });

  test('reading back finds what is at or past a sequence, of this input partition alone, however far back', async () => {
    const { output, input, topics } = await make({ partitions: 2, deadLetter: 1 });
    const [mine, other] = [await output.open(0), await output.open(1)];
    const aside = (partition: number, sequence: number) =>
      message(input, partition, sequence, { topic: 'dead-letter' });
    await mine.send([ready(range(30).map((sequence) => aside(0, sequence)))], 30);
    for (let at = 0; at < 3_000; at += 1_000) {
      await other.send([ready(range(1_000, at).map((sequence) => aside(1, sequence)))], at + 1_000);
    }
    await mine.send([ready([aside(0, 30), message(input, 0, 31)])], 32);
    // Someone else's open transaction in the same partition, and an aborted one.
    const stranger = await transactions(topics['dead-letter']);
    await stranger.aborted({
      value: 'aborted',
      headers: { 'tidemark-topic': input, 'tidemark-partition': '0', 'tidemark-sequence': '77' },
    });
    expect((await mine.readBack(20)).map(({ sequence }) => sequence)).toEqual(range(12, 20));
    expect((await mine.readBack(31)).map(({ sequence, topic }) => [sequence, topic])).toEqual([[31, 'output']]);
    expect(await mine.readBack(32)).toEqual([]);
    await stranger.close();
  });

  test('limits are those of the topics', async () => {
    const { output } = await make({ config: { 'max.message.bytes': '123456' } });
    expect([...(await output.limits())]).toEqual([
      ['output', 123_456],
      ['dead-letter', 1_048_588],
      ['late', 1_048_588],
    ]);
  });

  test('a topic that is not there is told with what to do', async () => {
    const { input, topics } = await make();
    const output = another(input, { ...topics, late: uniqueName('absent') });
    await expect(output.open(0)).rejects.toThrow(/tidemark setup/);
  });
});
