import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Cluster } from 'kafkajs';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';
import { readFetchAnswer } from '../../src/kafka/fetch-answer.ts';
import { watchFetches } from '../../src/kafka/fetches.ts';
import { leaveLostReplicas } from '../../src/kafka/nearest.ts';

const TOPIC = 'tracks';

/** Three brokers; partitions 0 and 1 are led by 1, and their nearest replica is 2. */
let brokers: number[];
let isr: number[];
let fetches: { node: number; offset: string }[];
let fails: (node: number) => Error | null;
let group: ConsumerGroup;
let cluster: Cluster;

beforeEach(() => {
  leaveLostReplicas();
  brokers = [1, 2, 3];
  isr = [1, 2, 3];
  fetches = [];
  fails = () => null;
  cluster = {
    getNodeIds: () => brokers.map(String),
    findTopicPartitionMetadata: () =>
      [0, 1].map((partitionId) => ({ partitionId, leader: 1, isr, replicas: [1, 2, 3] })),
    refreshMetadataIfNecessary: async () => {},
    refreshMetadata: async () => {},
    findBroker: async ({ nodeId }: { nodeId: string }) => broker(Number(nodeId)),
  } as unknown as Cluster;
  const silent = { namespace: () => silent, info() {}, debug() {}, warn() {}, error() {} };
  const made = new (ConsumerGroup as unknown as new (options: object) => ConsumerGroup & Record<string, unknown>)({
    cluster,
    logger: silent,
    topics: [TOPIC],
    topicConfigurations: { [TOPIC]: {} },
    groupId: 'g',
    rackId: 'a',
    metadataMaxAge: 300_000,
    maxBytesPerPartition: 1,
    maxWaitTime: 1,
  });
  made.offsetManager = {
    committedOffsets: () => ({ [TOPIC]: { 0: '5', 1: '5' } }),
    nextOffset: () => '5',
    resolveOffsets: async () => {},
  };
  (made.subscriptionState as { assign(of: object[]): void }).assign([{ topic: TOPIC, partitions: [0, 1] }]);
  group = made;
});

function broker(node: number) {
  return {
    connectionPool: { send: async () => ({}) },
    fetch: async ({ topics }: { topics: { partitions: { partition: number; fetchOffset: string }[] }[] }) => {
      const error = fails(node);
      if (error !== null) throw error;
      const partitions = topics.flatMap((of) => of.partitions);
      for (const { fetchOffset } of partitions) fetches.push({ node, offset: fetchOffset });
      return {
        responses: [
          {
            topicName: TOPIC,
            partitions: partitions.map(({ partition }) => ({
              partition,
              errorCode: 0,
              highWatermark: '5',
              preferredReadReplica: node === 1 ? 2 : -1,
              aborted: [],
              recordSet: Buffer.alloc(0),
            })),
          },
        ],
      };
    },
  };
}

/** Which brokers partition 0 and 1 are fetched from next. */
const nearest = () => group.findReadReplicaForPartitions(TOPIC, [0, 1]);
const fetch = (node: number) => (group as unknown as { fetch(node: string): Promise<unknown[]> }).fetch(String(node));
/** The leader has been asked, and has named it. */
async function named(): Promise<void> {
  await fetch(1);
  expect(nearest()).toEqual({ 2: [0, 1] });
}
const outOfRange = Object.assign(new Error('out of range'), { name: 'KafkaJSOffsetOutOfRange', partition: 0 });

describe('the nearest replica', () => {
  test('is told by the answer of the leader', () => {
    const answer = Buffer.alloc(4 + 6 + 4 + 3 + 4 + 30 + 4 + 4 + 4);
    let at = answer.writeInt32BE(0);
    at = answer.writeInt32BE(0, answer.writeInt16BE(0, at));
    at = answer.writeInt16BE(1, answer.writeInt32BE(1, at));
    at += answer.write('t', at);
    at = answer.writeInt32BE(0, answer.writeInt32BE(1, at));
    at = answer.writeBigInt64BE(9n, answer.writeInt16BE(0, at));
    at = answer.writeBigInt64BE(0n, answer.writeBigInt64BE(9n, at));
    at = answer.writeInt32BE(2, answer.writeInt32BE(0, at));
    answer.writeInt32BE(0, at);
    expect(readFetchAnswer(answer, 11).responses[0]!.partitions[0]).toMatchObject({ preferredReadReplica: 2 });
  });

  test('is fetched from once the leader has named it', async () => {
    watchFetches(cluster, { arrived: () => true, outOfRange: () => {} });
    expect(nearest()).toEqual({ 1: [0, 1] });
    await named();
    await fetch(2);
    expect(fetches.map(({ node }) => node)).toEqual([1, 1, 2, 2]);
  });

  test.each([
    ['its broker is gone', () => (brokers = [1, 3])],
    ['it has fallen behind', () => (isr = [1, 3])],
  ])('is left where %s', async (_, change) => {
    watchFetches(cluster, { arrived: () => true, outOfRange: () => {} });
    await named();
    change();
    expect(nearest()).toEqual({ 1: [0, 1] });
  });

  test('is left after a fetch that failed', async () => {
    watchFetches(cluster, { arrived: () => true, outOfRange: () => {} });
    await named();
    fails = () => new Error('broken');
    await expect(fetch(2)).rejects.toThrow('broken');
    expect(nearest()).toEqual({ 1: [0, 1] });
  });

  test('is left where it knows no such offset: what is in the log is for the leader to say', async () => {
    const told: number[] = [];
    watchFetches(cluster, { arrived: () => true, outOfRange: (partition) => void told.push(partition) });
    await named();
    fails = () => outOfRange;
    await fetch(2);
    expect(told).toEqual([0]);
    expect(nearest()).toEqual({ 1: [0, 1] });
  });
});
