/**
 * KafkaJS's own view of a cluster, which no public function gives: it hands the cluster to every partition assigner.
 * Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/internals.unit.test.ts.
 */
import kafkajs, { type Cluster, type Kafka } from 'kafkajs';

/** A cluster, and what closes its connections. */
export interface Link {
  readonly cluster: Cluster;
  disconnect(): Promise<void>;
}

/** It connects with the first question. */
export function clusterOf(kafka: Kafka): Link {
  let cluster: Cluster | undefined;
  kafka.consumer({
    groupId: 'never-joined',
    readUncommitted: true,
    allowAutoTopicCreation: false,
    partitionAssigners: [
      (given) => {
        cluster = given.cluster;
        return kafkajs.PartitionAssigners.roundRobin(given);
      },
    ],
  });
  return { cluster: cluster!, disconnect: () => cluster!.disconnect() };
}

/** Connects to one of the configured brokers, to the others when they are needed. */
export async function openLink(kafka: Kafka): Promise<Link> {
  const link = clusterOf(kafka);
  await link.cluster.connect();
  return link;
}
