import type { Cluster } from 'kafkajs';
import { hasMetadata, isListed, topicIdOf } from './kafkajs/pool.ts';

/** How long a replica that a leader named is read from before the leader is asked again, ms: KafkaJS's own. */
const PREFERRED = 300_000;

/**
 * Which broker each partition of a topic is read from: its leader, or the nearest replica where the leader names one
 * (`kafka.client_rack`, KIP-392), for as long as that is there, has what the leader has, and answers.
 */
export class Leaders {
  readonly #cluster: Cluster;
  readonly #topic: string;
  /** The cluster asks for the leaders of its target topics only. */
  #isTarget = false;
  readonly #preferred = new Map<number, { readonly node: number; readonly until: number }>();

  constructor(cluster: Cluster, topic: string) {
    this.#cluster = cluster;
    this.#topic = topic;
  }

  /** Whether the brokers have sent where the leaders are. */
  get isKnown(): boolean {
    return this.#isTarget && hasMetadata(this.#cluster);
  }

  /** The topic's id, as hex; null: the brokers have not sent it. */
  get topicId(): string | null {
    return topicIdOf(this.#cluster, this.#topic);
  }

  /** null: no broker is known to have it. */
  nodeOf(partition: number): number | null {
    if (!this.isKnown) return null;
    const found = this.#cluster.findTopicPartitionMetadata(this.#topic).find((one) => one.partitionId === partition);
    if (found === undefined) return null;
    const preferred = this.#preferred.get(partition);
    if (preferred !== undefined) {
      const { node, until } = preferred;
      const isThere = isListed(this.#cluster, node) && found.isr.includes(node);
      if (isThere && performance.now() < until) return node;
    }
    return found.leader < 0 ? null : found.leader;
  }

  prefer(partition: number, node: number): void {
    this.#preferred.set(partition, { node, until: performance.now() + PREFERRED });
  }

  /** Back to the leader. True if another was read from. */
  forget(partition: number): boolean {
    const node = this.nodeOf(partition);
    return this.#preferred.delete(partition) && node !== this.nodeOf(partition);
  }

  /** Asks the brokers anew. @throws where none answers. */
  async refresh(): Promise<void> {
    if (this.#isTarget) return await this.#cluster.refreshMetadata();
    await this.#cluster.addMultipleTargetTopics([this.#topic]);
    this.#isTarget = true;
  }
}
