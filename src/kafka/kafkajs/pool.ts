/**
 * What KafkaJS's cluster knows of its brokers and keeps to itself. Written for KafkaJS 2.2.4; held by
 * test/kafka/kafkajs/internals.unit.test.ts.
 */
import type { Cluster } from 'kafkajs';
import type KafkaBroker from 'kafkajs/src/broker/index.js';
import type BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import type KafkaCluster from 'kafkajs/src/cluster/index.js';

export type InnerBroker = KafkaBroker;

export function poolOf(cluster: Cluster): BrokerPool {
  return (cluster as unknown as KafkaCluster).brokerPool;
}

/** A broker that is connected, whichever. @throws where none answers. */
export async function anyBroker(cluster: Cluster): Promise<InnerBroker> {
  return await poolOf(cluster).findConnectedBroker();
}

/** Has `listener` called whenever the brokers have sent the leaders; it takes the place of the one before. */
export function onMetadata(cluster: Cluster, listener: () => void): void {
  poolOf(cluster).onMetadata = listener;
}

/** Whether the brokers have sent the leaders. */
export function hasMetadata(cluster: Cluster): boolean {
  return poolOf(cluster).metadata !== null;
}

/** The topic's id as hex; null: the brokers have not sent it. */
export function topicIdOf(cluster: Cluster, name: string): string | null {
  return poolOf(cluster).metadata?.topicMetadata.find(({ topic }) => topic === name)?.topicId ?? null;
}

/**
 * Whether the brokers name this node among themselves. KafkaJS's types have the ids as numbers; they are keys of an
 * object.
 */
export function isListed(cluster: Cluster, node: number): boolean {
  return (cluster as unknown as KafkaCluster).getNodeIds().includes(String(node));
}

/** Host and port of a node; its id while it is not known. */
export function addressOf(cluster: Cluster, node: number): string {
  return poolOf(cluster).brokers[node]?.brokerAddress ?? String(node);
}

/** Why none of the configured brokers could be reached at the last try; null: one could. */
export function unreachableBecause(cluster: Cluster): Error | null {
  return poolOf(cluster).unreachable ?? null;
}

/** The topics that the cluster asks its brokers for. */
export function targetTopicsOf(cluster: Cluster): ReadonlySet<string> {
  return (cluster as unknown as KafkaCluster).targetTopics;
}
