import type { Cluster } from 'kafkajs';

export interface Bounds {
  /** Offset of the oldest record that is kept. */
  readonly earliest: number;
  /** Offset that the next record will get: the high watermark, which records of open transactions count towards. */
  readonly end: number;
}

/** The partitions of a topic, in order. @throws where the topic is not there. */
export async function partitionsOf(cluster: Cluster, topic: string): Promise<number[]> {
  await cluster.addMultipleTargetTopics([topic]);
  await cluster.refreshMetadataIfNecessary();
  return cluster
    .findTopicPartitionMetadata(topic)
    .map(({ partitionId }) => partitionId)
    .sort((a, b) => a - b);
}

/** Bounds of some partitions of a topic, or of all. */
export async function boundsOf(
  cluster: Cluster,
  topic: string,
  only?: readonly number[],
): Promise<Map<number, Bounds>> {
  const all = await partitionsOf(cluster, topic);
  const wanted = only === undefined ? all : all.filter((partition) => only.includes(partition));
  const partitions = wanted.map((partition) => ({ partition }));
  const [earliest, end] = await Promise.all([
    ask(cluster, { topic, partitions, fromBeginning: true }),
    ask(cluster, { topic, partitions, fromBeginning: false }),
  ]);
  return new Map(wanted.map((partition) => [partition, { earliest: earliest(partition), end: end(partition) }]));
}

/** Offset of the first record at or after `timestamp`, in ms; the end where there is none. */
export async function offsetAt(cluster: Cluster, topic: string, partition: number, timestamp: number): Promise<number> {
  // The end is asked for first: a record that comes in between must not be passed over.
  await partitionsOf(cluster, topic);
  const partitions = [{ partition }];
  const end = (await ask(cluster, { topic, partitions, fromBeginning: false }))(partition);
  const offset = (await ask(cluster, { topic, partitions, fromTimestamp: timestamp }))(partition);
  return offset < 0 ? end : offset;
}

async function ask(
  cluster: Cluster,
  question: Parameters<Cluster['fetchTopicsOffset']>[0][number],
): Promise<(partition: number) => number> {
  const [answer] = question.partitions.length === 0 ? [] : await cluster.fetchTopicsOffset([question]);
  return (partition) => {
    const found = answer?.partitions.find((entry) => entry.partition === partition);
    if (found === undefined)
      throw new Error(`no offsets of partition ${partition} of topic ${question.topic} were given`);
    return Number(found.offset);
  };
}
