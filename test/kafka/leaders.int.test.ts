import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Admin } from 'kafkajs';
import { KafkaOutput } from '../../src/kafka/output.ts';
import type { OutMessage, OutputSession } from '../../src/ports/output.ts';
import { kafkaAddress } from '../support/parts.ts';
import { describeReal, stack } from '../support/stack.ts';
import { ready } from '../wire/support/messages.ts';
import { client, makeTopic, quiet } from './support/broker.ts';
import { consoleConsumer } from './support/console.ts';

const MOVES = 16;

describeReal('transactions over topics whose leaders move from broker to broker', () => {
  let admin: Admin;
  let brokers: readonly number[];
  beforeAll(async () => {
    admin = client().admin();
    await admin.connect();
    brokers = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId);
  });
  afterAll(() => admin?.disconnect());

  const leaderOf = async (topic: string) =>
    (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions[0]!.leader;

  /** Takes the partition away from whoever leads it, and gives it its three replicas back, in another order. */
  async function moveLeader(topic: string): Promise<void> {
    const before = await leaderOf(topic);
    const others = brokers.filter((id) => id !== before);
    const assign = (replicas: number[]) =>
      admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment: [{ partition: 0, replicas }] }] });
    await assign(others);
    while ((await leaderOf(topic)) === before) await assign(others);
    await assign([...others, before]);
  }

  (brokersInStack() < 3 ? describe.skip : describe)('of three brokers', () => {
    test('leave each message in its topic once and in order, with the position behind the last', async () => {
      const input = await makeTopic(1);
      const topics = { output: await makeTopic(1), 'dead-letter': await makeTopic(1), late: await makeTopic(1) };
      const kinds = ['output', 'dead-letter', 'late'] as const;
      const output = new KafkaOutput({
        address: kafkaAddress(stack()),
        group: `g-${input}`,
        input,
        topics,
        logger: quiet,
      });
      const message = (sequence: number): OutMessage => ({
        topic: kinds[sequence % kinds.length]!,
        sequence,
        key: Buffer.from('key'),
        value: Buffer.from(String(sequence)),
        headers: [],
      });
      let atRest = false;
      const moving = (async () => {
        for (let i = 0; i < MOVES; i += 1) await moveLeader(topics[kinds[i % kinds.length]!]);
      })().finally(() => {
        atRest = true;
      });
      moving.catch(() => {});
      let session: OutputSession = await output.open(0);
      let next = 0;
      let after = 0;
      // A transaction or two once they have come to rest.
      while (after < 2) {
        if (atRest) after += 1;
        const messages = Array.from({ length: 7 }, (_, i) => message(next + i));
        try {
          await session.send([ready(messages)], next + messages.length);
          next += messages.length;
        } catch {
          // As a publisher does: whoever comes next asks how far it was.
          await session.close();
          session = await output.open(0);
          next = (await session.position()) ?? 0;
        }
      }
      await moving;
      expect(await session.position()).toBe(next);
      await output.close();
      for (const [i, kind] of kinds.entries()) {
        const wanted = Array.from({ length: next }, (_, sequence) => sequence).filter((s) => s % kinds.length === i);
        const read = await consoleConsumer(topics[kind], 1, wanted.length);
        expect(read).toEqual(wanted.map((sequence) => `0|key|${sequence}`));
      }
    });
  });
});

function brokersInStack(): number {
  return stack().brokers.length;
}
