/**
 * The brokers of a cluster, as a producer needs them, over KafkaJS's connections. Written for KafkaJS 2.2.4; held by
 * test/kafka/output.int.test.ts.
 */
import type { Cluster } from 'kafkajs';
import type KafkaBroker from 'kafkajs/src/broker/index.js';
import type { BrokerRequests, Brokers, CoordinatorOf } from '../produce/brokers.ts';
import { askAnyone } from './ask-anyone.ts';
import { isAnswer } from './error-kinds.ts';
import { produceBatch } from './one-batch.ts';
import { anyBroker, poolOf } from './pool.ts';
import { stableOffset } from './stable-offset.ts';

const COORDINATOR_TYPE: Readonly<Record<CoordinatorOf, number>> = { group: 0, transaction: 1 };

type Node = KafkaBroker & Omit<BrokerRequests, 'produce' | 'keptOffset'>;

export class ClusterBrokers implements Brokers {
  readonly #cluster: Cluster;
  readonly #produceTimeout: number;
  readonly #coordinators = new Map<string, string>();
  #stale = false;

  /** @param produceTimeout ms that the replicas of a partition may take to have a batch. */
  constructor(cluster: Cluster, produceTimeout: number) {
    this.#cluster = cluster;
    this.#produceTimeout = produceTimeout;
  }

  async leader(topic: string, partition: number): Promise<BrokerRequests> {
    await this.#cluster.addMultipleTargetTopics([topic]);
    await this.#refresh();
    const found = this.#cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
    if (found === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
    if (found.leader < 0) throw new Error(`partition ${partition} of topic ${topic} has no leader`);
    return this.#node(String(found.leader));
  }

  async coordinator(of: CoordinatorOf, name: string): Promise<BrokerRequests> {
    await this.#refresh();
    const key = `${of} ${name}`;
    let nodeId = this.#coordinators.get(key);
    if (nodeId === undefined) {
      const ask = (broker: KafkaBroker) =>
        broker.findGroupCoordinator({ groupId: name, coordinatorType: COORDINATOR_TYPE[of] });
      const found = await askAnyone(poolOf(this.#cluster), ask, isAnswer);
      nodeId = String(found.coordinator.nodeId);
      this.#coordinators.set(key, nodeId);
    }
    return this.#node(nodeId);
  }

  async any(): Promise<BrokerRequests> {
    await this.#refresh();
    return this.#requests((await anyBroker(this.#cluster)) as Node);
  }

  forget(): void {
    this.#stale = true;
    this.#coordinators.clear();
  }

  async #refresh(): Promise<void> {
    if (!this.#stale) return;
    await this.#cluster.refreshMetadata();
    this.#stale = false;
  }

  async #node(nodeId: string): Promise<BrokerRequests> {
    return this.#requests((await this.#cluster.findBroker({ nodeId })) as unknown as Node);
  }

  #requests(node: Node): BrokerRequests {
    return {
      initProducerId: (request) => node.initProducerId(request),
      addPartitionsToTxn: (request) => node.addPartitionsToTxn(request),
      addOffsetsToTxn: (request) => node.addOffsetsToTxn(request),
      txnOffsetCommit: (request) => node.txnOffsetCommit(request),
      endTxn: (request) => node.endTxn(request),
      keptOffset: (of) => stableOffset(node, of),
      produce: (request) => produceBatch(node, request, this.#produceTimeout),
    };
  }
}
