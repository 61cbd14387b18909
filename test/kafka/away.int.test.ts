import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KafkaOutput } from '../../src/kafka/output.ts';
import type { JavaStack } from '../../src/local/stack.ts';
import { wallClock } from '../../src/time/clock.ts';
import { within } from '../../src/time/waiting.ts';
import { brokersOf, startOwnStack, whyNoOwnStack } from '../support/own-stack.ts';
import { kafkaAddress, partsOf } from '../support/parts.ts';
import { uniqueName } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { ready } from '../wire/support/messages.ts';
import { makeTopic, produce, quiet, Reader } from './support/broker.ts';

const reason = await whyNoOwnStack();
const describeJava = reason === null ? describe : describe.skip;

/** Less than any of KafkaJS's own waits for a broker that does not answer, which are 30 s and more. */
const BOUNDED = 10_000;

function bounded<T>(what: string, work: Promise<T>): Promise<T> {
  return within(wallClock, BOUNDED, work, () => {
    throw new Error(`${what} takes more than ${BOUNDED} ms`);
  });
}

/** Brokers of its own, killed and stopped all together. */
describeJava(`the brokers, away${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let own: JavaStack;
  let shared: string | undefined;

  beforeAll(async () => {
    own = await startOwnStack({ fast: true });
    shared = process.env.TEST_STACK;
    process.env.TEST_STACK = JSON.stringify({ ...partsOf(own), kind: own.kind });
  });
  afterAll(async () => {
    process.env.TEST_STACK = shared;
    await own.stop();
  });

  const asleep = async (work: () => Promise<void>) => {
    const pids = brokersOf(own).pids();
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
  };

  test('are waited for: reading begins when they are there, and goes on after they were killed, without a gap', async () => {
    const topic = await makeTopic(2);
    await produce(
      topic,
      [0, 1].flatMap((partition) => [{ partition, value: `${partition} before` }]),
    );
    await brokersOf(own).kill();
    const reader = new Reader({ topic, group: uniqueName('g') });
    const starting = reader.log.start(reader);
    await brokersOf(own).start();
    await starting;
    await until('both partitions are read', () => reader.values().length >= 2);
    await brokersOf(own).kill();
    await until('it says so', () =>
      [0, 1].every((partition) => /ECONNREFUSED/.test(reader.log.unread(partition)?.error ?? '')),
    );
    await brokersOf(own).start();
    await produce(
      topic,
      [0, 1].flatMap((partition) => [{ partition, value: `${partition} after` }]),
    );
    await until('reading goes on', () => reader.values().length >= 4);
    expect(reader.values(0)).toEqual(['0 before', '0 after']);
    expect(reader.values(1)).toEqual(['1 before', '1 after']);
    expect([0, 1].map((partition) => reader.log.unread(partition))).toEqual([null, null]);
    await until('and is in the group as it was', () => reader.log.trouble === null);
    expect([reader.failures, reader.revocations, reader.falterings > 0]).toEqual([[], 0, true]);
    await reader.log.stop();
  });

  test('and silent, they keep neither the reader from stopping, nor one that never joined', async () => {
    const topic = await makeTopic();
    await produce(topic, [{ value: 'x' }]);
    const group = uniqueName('g');
    const [joined, joining] = [new Reader({ topic, group }), new Reader({ topic, group: uniqueName('g') })];
    await joined.log.start(joined);
    await until('it is read', () => joined.values().length === 1);
    await asleep(async () => {
      const starting = joining.log.start(joining);
      await bounded('stopping', joined.log.stop());
      await bounded('stopping while joining', joining.log.stop());
      await bounded('the start that was given up', starting);
      expect(await bounded('holds', joined.log.holds(0))).toBe(false);
    });
  });

  test('and silent, they keep no producer from closing, and what it was sending is not there later', async () => {
    const input = await makeTopic();
    const topics = { output: await makeTopic(), 'dead-letter': await makeTopic(), late: await makeTopic() };
    const address = kafkaAddress(partsOf(own));
    const make = () => new KafkaOutput({ address, group: uniqueName('g'), input, topics, logger: quiet });
    const message = (sequence: number) => ({
      topic: 'output' as const,
      sequence,
      key: null,
      value: Buffer.from(`${sequence}`),
      headers: Object.entries({ topic: input, partition: '0', sequence: String(sequence) }).map(
        ([name, value]): [string, Buffer] => [`tidemark-${name}`, Buffer.from(value)],
      ),
    });
    const [first, second] = [make(), make()];
    const session = await first.open(0);
    await session.send([ready([message(0)])], 1);
    const sending: Promise<unknown>[] = [];
    await asleep(async () => {
      sending.push(expect(session.send([ready([message(1)])], 2)).rejects.toThrow());
      await bounded('closing', first.close());
    });
    await Promise.all(sending);
    const after = await second.open(0);
    expect((await after.readBack(0)).map(({ sequence }) => sequence)).toEqual([0]);
    await second.close();
  });
});
