/**
 * Reading from the nearest replica (`kafka.client_rack`, KIP-392): the leader names it, and KafkaJS fetches from it for
 * five minutes, whatever happens. A broker that is killed, or a replica that falls behind, would keep its partitions
 * standing still for as long. Here whatever goes wrong sends the next fetch to the leader, which names the nearest anew.
 */
import type { Cluster } from 'kafkajs';
import ConsumerGroup from 'kafkajs/src/consumer/consumerGroup.js';

const find = ConsumerGroup.prototype.findReadReplicaForPartitions;
const recover = ConsumerGroup.prototype.recoverFromFetch;
const groups = new WeakMap<object, ConsumerGroup>();

/** May be called any number of times. */
export function leaveLostReplicas(): void {
  ConsumerGroup.prototype.findReadReplicaForPartitions = function (topic, partitions) {
    groups.set(this.cluster, this);
    const preferred = this.preferredReadReplicasPerTopicPartition[topic] ?? {};
    for (const [partition, { nodeId }] of Object.entries(preferred)) {
      if (!isInSync(this.cluster, topic, Number(partition), nodeId)) delete preferred[partition];
    }
    return find.call(this, topic, partitions);
  };
  ConsumerGroup.prototype.recoverFromFetch = function (error) {
    forget(this);
    return recover.call(this, error);
  };
}

/** The consumer of this cluster fetches from the leaders until they name the nearest again. */
export function forgetNearest(cluster: Cluster): void {
  const group = groups.get(cluster);
  if (group !== undefined) forget(group);
}

function forget(group: ConsumerGroup): void {
  group.preferredReadReplicasPerTopicPartition = {};
}

/** As far as the metadata says: nobody asks a broker that is not there. */
function isInSync(cluster: ConsumerGroup['cluster'], topic: string, partition: number, nodeId: number): boolean {
  const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
  return cluster.getNodeIds().includes(String(nodeId)) && (found?.isr.includes(nodeId) ?? false);
}
