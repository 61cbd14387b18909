import { expect, test } from '@jest/globals';
import { durabilityGaps } from '../../src/kafka/durability.ts';

const topic = (replicas: number, inSync: string, unclean = 'false') => ({
  topic: 'tracks',
  partitions: 6,
  replicas,
  config: {
    'message.timestamp.type': 'LogAppendTime',
    'max.message.bytes': '1048588',
    'cleanup.policy': 'delete',
    'retention.ms': '604800000',
    'min.insync.replicas': inSync,
    'unclean.leader.election.enable': unclean,
  },
});

test('a topic as the guarantees rest on has no gap', () => {
  expect(durabilityGaps(topic(3, '2'))).toEqual([]);
  expect(durabilityGaps(topic(5, '3'))).toEqual([]);
});

test.each([
  [topic(1, '1'), ['1 replica instead of 3', 'min.insync.replicas 1 instead of 2']],
  [topic(3, '1'), ['min.insync.replicas 1 instead of 2']],
  [topic(3, '3'), ['min.insync.replicas 3 of 3 replicas: one broker away and nothing can be written']],
  [topic(3, '2', 'true'), ['unclean.leader.election.enable true']],
])('what a topic may lose is named: %#', (given, gaps) => {
  expect(durabilityGaps(given)).toEqual(gaps);
});

test('what may not be read is passed over', () => {
  expect(durabilityGaps({ ...topic(3, '1'), config: null })).toEqual([]);
});
