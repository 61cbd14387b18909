import kafkajs, { type Admin, type Cluster } from 'kafkajs';
import { OUTPUT_TOPICS, type OutMessage, type OutputTopic } from '../ports/output.ts';
import { partitionsOf } from './offsets.ts';

/** Names of the topics that messages go to. */
export type OutputTopics = Readonly<Record<OutputTopic, string>>;

/** Brokers' default for `max.message.bytes`. */
export const MESSAGE_BYTES = 1_048_588;

/** How the topics look: what decides where a message goes, and how much fits. */
export interface Layout {
  readonly inputPartitions: number;
  /** Partitions by topic. */
  readonly partitions: ReadonlyMap<OutputTopic, number>;
  /** `max.message.bytes` by topic. */
  readonly limits: ReadonlyMap<OutputTopic, number>;
}

/** @throws where a topic is not there. */
export async function partitionCounts(
  cluster: Cluster,
  input: string,
  topics: OutputTopics,
): Promise<Omit<Layout, 'limits'>> {
  const inputPartitions = (await partitionsOf(cluster, input)).length;
  const partitions = new Map<OutputTopic, number>();
  for (const kind of OUTPUT_TOPICS) partitions.set(kind, (await partitionsOf(cluster, topics[kind])).length);
  return { inputPartitions, partitions };
}

/** `max.message.bytes` of each topic. @throws where this user may not read the topics' configuration. */
export async function messageLimits(admin: Admin, topics: OutputTopics): Promise<Map<OutputTopic, number>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [...new Set(Object.values(topics))].map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: ['max.message.bytes'],
    })),
  });
  const byName = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      // Some brokers leave it out, or send no setting at all.
      Number(configEntries.find(({ configName }) => configName === 'max.message.bytes')?.configValue) || MESSAGE_BYTES,
    ]),
  );
  return new Map(OUTPUT_TOPICS.map((kind) => [kind, byName.get(topics[kind]) ?? MESSAGE_BYTES]));
}

export function defaultLimits(): Map<OutputTopic, number> {
  return new Map(OUTPUT_TOPICS.map((kind) => [kind, MESSAGE_BYTES]));
}

/**
 * Partition that a message goes to. With as many partitions as the input, the input's: order within a session holds
 * there as in the log. Else the one that its key gives by murmur2, as every Java producer has it; without a key, one
 * that depends on the input partition alone.
 */
export function partitionFor(
  message: Pick<OutMessage, 'topic' | 'key'>,
  inputPartition: number,
  layout: Omit<Layout, 'limits'>,
): number {
  const count = layout.partitions.get(message.topic)!;
  if (count === layout.inputPartitions) return inputPartition;
  if (message.key === null) return inputPartition % count;
  return partitionByKey(message.topic, message.key, count);
}

const byKey = kafkajs.Partitioners.DefaultPartitioner();

/** The one of so many partitions that murmur2 gives, as every Java producer has it. */
export function partitionByKey(topic: string, key: Buffer, count: number): number {
  const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
    partitionId,
    partitionErrorCode: 0,
    leader: 0,
    replicas: [],
    isr: [],
  }));
  return byKey({ topic, partitionMetadata, message: { key, value: null } });
}
