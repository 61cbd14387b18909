import { describe, expect, test } from '@jest/globals';
import { IdempotentProducer } from '../../../src/kafka/produce/idempotent-producer.ts';
import { readBatch } from '../../simulator/cluster/batch.ts';
import { batchOf, lost, refused, ScriptedBrokers, SleptClock } from './support/scripted.ts';

async function opened(patience = 15_000) {
  const [brokers, clock] = [new ScriptedBrokers(), new SleptClock()];
  const options = { brokers, clock, transactionalId: null, transactionTimeout: 15_000, patience };
  const producer = await IdempotentProducer.open(options);
  return { brokers, clock, producer };
}

describe('a batch', () => {
  test('that is tried again has the same bytes, and the next one comes behind it in the sequence', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('produce', lost(), refused('NOT_LEADER_FOR_PARTITION'), refused('REQUEST_TIMED_OUT'), 40);
    await producer.send([batchOf(3)]);
    await producer.send([batchOf(2)]);
    const [first, ...others] = brokers.produced();
    const next = others.pop()!;
    expect(others.map(({ batch }) => batch.equals(first!.batch))).toEqual([true, true, true]);
    const sequences = [first!, next].map(({ batch }) => readBatch(batch).firstSequence);
    expect(sequences).toEqual([0, 3]);
    expect(brokers.forgotten).toBe(3);
  });

  test('has a place of its own in each partition', async () => {
    const { brokers, producer } = await opened();
    await producer.send([batchOf(3, 'output', 0), batchOf(2, 'output', 1)]);
    await producer.send([batchOf(1, 'output', 1), batchOf(1, 'late', 0)]);
    const places = brokers.produced().map(({ topic, partition, batch }) => {
      return [topic, partition, readBatch(batch).firstSequence];
    });
    expect(places).toEqual([
      ['output', 0, 0],
      ['output', 1, 0],
      ['output', 1, 2],
      ['late', 0, 0],
    ]);
  });

  test('that the broker has already is acknowledged', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('produce', refused('DUPLICATE_SEQUENCE_NUMBER'));
    await producer.send([batchOf(3)]);
    expect(() => producer.acknowledged.mustBeComplete()).not.toThrow();
  });

  test('that is refused for good is not tried again, and nothing goes out after it', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('produce', refused('INVALID_PRODUCER_EPOCH'));
    await expect(producer.send([batchOf(1)])).rejects.toMatchObject({ type: 'INVALID_PRODUCER_EPOCH' });
    await expect(producer.send([batchOf(1)])).rejects.toThrow(/INVALID_PRODUCER_EPOCH/);
    expect(brokers.produced().length).toBe(1);
    expect(() => producer.acknowledged.mustBeComplete()).toThrow(/output\/0 acknowledged 0 of/);
  });

  test('is tried until patience is over; then the error says what, and why', async () => {
    const { brokers, clock, producer } = await opened(1_000);
    brokers.answers('produce', ...Array.from({ length: 100 }, () => refused('NOT_LEADER_FOR_PARTITION')));
    await expect(producer.send([batchOf(1)])).rejects.toThrow(
      'could not send to partition 0 of topic output: the broker says NOT_LEADER_FOR_PARTITION',
    );
    expect(clock.elapsed()).toBeLessThan(1_000);
    expect(clock.elapsed() + clock.slept.at(-1)! * 2).toBeGreaterThanOrEqual(1_000);
  });

  test('of an offset behind what was given before: the log has lost records', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('produce', 10, 12);
    await producer.send([batchOf(3)]);
    await expect(producer.send([batchOf(1)])).rejects.toThrow(
      /partition 0 of topic output has lost records.*offset 12/,
    );
  });
});
