import { describe, expect, test } from '@jest/globals';
import { TransactionalProducer } from '../../../src/kafka/produce/transactional-producer.ts';
import { batchOf, lost, type Op, refused, ScriptedBrokers, SleptClock } from './support/scripted.ts';

const AT = { group: 'g', topic: 'tracks', partition: 0 };

async function opened() {
  const [brokers, clock] = [new ScriptedBrokers(), new SleptClock()];
  const options = { brokers, clock, transactionalId: 'g.tracks.0', transactionTimeout: 15_000 };
  return { brokers, clock, producer: await TransactionalProducer.open(options) };
}

/** Messages and a position in one transaction. */
async function transaction(producer: TransactionalProducer): Promise<void> {
  await producer.send([batchOf(1, 'output'), batchOf(1, 'late')]);
  await producer.keep(AT, 5);
  await producer.commit();
}

describe('a transaction', () => {
  test('is declared part by part before anything goes into it, and each part once', async () => {
    const { brokers, producer } = await opened();
    await producer.send([batchOf(1)]);
    await transaction(producer);
    const inOne: Op[] = ['produce', 'addPartitionsToTxn', 'produce', 'produce', 'addOffsetsToTxn', 'txnOffsetCommit'];
    expect(brokers.ops()).toEqual(['initProducerId', 'addPartitionsToTxn', ...inOne, 'endTxn']);
    await transaction(producer);
    expect(brokers.ops().slice(9)).toEqual(['addPartitionsToTxn', ...inOne.slice(2), 'endTxn']);
  });

  test('is not committed unless each partition has acknowledged all', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('produce', 10, refused('INVALID_TXN_STATE'));
    await expect(producer.send([batchOf(1, 'output'), batchOf(1, 'late')])).rejects.toThrow(/INVALID_TXN_STATE/);
    await expect(producer.commit()).rejects.toThrow('not committed: late/0 acknowledged 0 of 1 records that were sent');
    expect(brokers.ops()).not.toContain('endTxn');
  });

  test('names topic and partition of all that a broker refused', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('addPartitionsToTxn', refused('TOPIC_AUTHORIZATION_FAILED'));
    await expect(producer.send([batchOf(1, 'output'), batchOf(1, 'late')])).rejects.toThrow(
      'could not add partition 0 of topic output, partition 0 of topic late to transaction g.tracks.0: the broker says TOPIC_',
    );
    const { brokers: others, producer: other } = await opened();
    others.answers('produce', refused('MESSAGE_TOO_LARGE'));
    await expect(other.send([batchOf(1, 'output')])).rejects.toThrow(/could not send to partition 0 of topic output: /);
  });

  test('of nothing asks no broker', async () => {
    const { brokers, producer } = await opened();
    await producer.commit();
    expect(brokers.ops()).toEqual(['initProducerId']);
  });

  test('waits for the one before to be ended: the coordinator is the right one', async () => {
    const { brokers, clock, producer } = await opened();
    const busy = () => refused('CONCURRENT_TRANSACTIONS');
    brokers.answers('addPartitionsToTxn', busy(), busy(), busy());
    await transaction(producer);
    expect(clock.slept).toEqual([10, 20, 40]);
    expect(brokers.forgotten).toBe(0);
  });

  test('finds a coordinator that has moved', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('endTxn', refused('NOT_COORDINATOR_FOR_GROUP'));
    brokers.answers('txnOffsetCommit', refused('NOT_COORDINATOR_FOR_GROUP'));
    await transaction(producer);
    expect(brokers.forgotten).toBe(2);
  });

  const UNANSWERED: readonly Op[] = ['addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn'];
  test.each(UNANSWERED)('breaks where %s is not answered: it may still be done, in the next one', async (op) => {
    const { brokers, producer } = await opened();
    brokers.answers(op, lost());
    await expect(transaction(producer)).rejects.toThrow(/no answer/);
    expect(brokers.ops().at(-1)).toBe(op);
    await expect(transaction(producer)).rejects.toThrow(/no answer/);
    expect(brokers.ops().at(-1)).toBe(op);
    expect(brokers.ops().filter((one) => one === op).length).toBe(1);
  });
});

describe('the position', () => {
  test('is taken only from a broker that could write, and what it wrote is aborted', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('txnOffsetCommit', refused('NOT_COORDINATOR_FOR_GROUP'));
    brokers.answers('keptOffset', 8);
    expect(await producer.kept(AT)).toBe(8);
    const inOrder: Op[] = ['addOffsetsToTxn', 'txnOffsetCommit', 'txnOffsetCommit', 'endTxn', 'keptOffset'];
    expect(brokers.ops()).toEqual(['initProducerId', ...inOrder]);
    const ends = brokers.asked.filter(({ op }) => op === 'endTxn').map(({ request }) => request);
    expect(ends).toMatchObject([{ transactionResult: false }]);
    // One that no longer coordinates is not believed either: its successor has to be asked from the beginning.
    brokers.answers('keptOffset', refused('NOT_COORDINATOR_FOR_GROUP'));
    await expect(producer.kept(AT)).rejects.toThrow(/NOT_COORDINATOR/);
  });

  test('is not taken while a transaction is about to replace it', async () => {
    const { brokers, producer } = await opened();
    brokers.answers('keptOffset', refused('UNSTABLE_OFFSET_COMMIT'), lost(), 8);
    expect(await producer.kept(AT)).toBe(8);
    expect(await producer.kept(AT)).toBeNull();
  });
});
