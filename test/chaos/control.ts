import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type Cluster, type Kafka } from 'kafkajs';
import { openLink } from '../../src/kafka/kafkajs/link.ts';
import type { Right } from '../../src/kafka/rights/declaration.ts';
import { grant, revoke } from '../support/acls.ts';
import type { Parts } from '../support/parts.ts';
import { plainKafka } from '../support/plain-kafka.ts';
import { until } from '../support/until.ts';
import { patience } from './options.ts';
import { controllerOf, coordinatorOf, electPreferred } from './quorum.ts';

export interface PartitionPlace {
  readonly partition: number;
  readonly leader: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
}

/** The brokers' own topics that positions and transactions are kept in. */
export const INTERNAL = ['__consumer_offsets', '__transaction_state'] as const;
/** How long something is asked while brokers are away, ms. */
const PATIENCE = patience(60_000);
/** Between two looks, ms. */
const EVERY = 250;

/** The cluster as its admin sees it, past all proxies. Each call has connections of its own. */
export class Control {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async places(topic: string): Promise<PartitionPlace[]> {
    return await this.#admin((admin) => placesOf(admin, topic));
  }

  /** Node that coordinates a group or a transactional id. */
  async coordinator(of: 'group' | 'transaction', name: string): Promise<number> {
    return await this.#cluster((cluster) => coordinatorOf(cluster, of, name));
  }

  /** Node that is the active controller. */
  async controller(): Promise<number> {
    return await this.#cluster(controllerOf);
  }

  /** Has every partition led by its first replica. */
  async elect(): Promise<void> {
    await this.#cluster(electPreferred);
  }

  /** Gives the partitions of a topic these replicas, and waits until they have them. */
  async reassign(topic: string, replicas: ReadonlyMap<number, readonly number[]>): Promise<void> {
    const partitionAssignment = [...replicas].map(([partition, ids]) => ({ partition, replicas: [...ids] }));
    await this.#admin((admin) => admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] }));
    await until(
      `${topic} is reassigned`,
      async () => {
        const partitions = [...replicas.keys()];
        const { topics } = await this.#admin((admin) =>
          admin.listPartitionReassignments({ topics: [{ topic, partitions }] }),
        );
        return topics.length === 0;
      },
      { every: EVERY },
    );
  }

  /** Waits until each replica of these topics is in sync. */
  async inSync(topics: readonly string[]): Promise<void> {
    await until(
      'all replicas are in sync',
      async () => {
        const all = await this.#admin((admin) => Promise.all(topics.map((topic) => placesOf(admin, topic))));
        return all.flat().every(({ isr, replicas }) => isr.length === replicas.length);
      },
      { every: EVERY },
    );
  }

  async createTopic(topic: string, numPartitions: number, config: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const topics = [{ topic, numPartitions, replicationFactor: 3, configEntries }];
    await this.#admin((admin) => admin.createTopics({ topics, waitForLeaders: false }));
    await this.inSync([topic]);
  }

  /** Gives a topic these settings, and those that are not named their defaults. */
  async configure(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const resources = [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries }];
    await this.#admin((admin) => admin.alterConfigs({ validateOnly: false, resources }));
  }

  async grant(principal: string, rights: readonly Right[]): Promise<void> {
    await this.#admin((admin) => grant(admin, rights, principal));
  }

  async revoke(principal: string, rights: readonly Right[]): Promise<void> {
    await this.#admin((admin) => revoke(admin, rights, principal));
  }

  async #admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    return await patiently(async () => {
      const admin = this.#kafka().admin();
      try {
        await admin.connect();
        return await work(admin);
      } finally {
        await admin.disconnect();
      }
    });
  }

  async #cluster<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
    return await patiently(async () => {
      const { cluster, disconnect } = await openLink(this.#kafka());
      try {
        return await work(cluster);
      } finally {
        await disconnect();
      }
    });
  }

  /** Another client each time: one remembers what was when it connected. */
  #kafka(): Kafka {
    const retry = { initialRetryTime: 100, retries: 3 };
    return plainKafka(this.#parts, { retry, connectionTimeout: 5_000, requestTimeout: 10_000 });
  }
}

async function placesOf(admin: Admin, topic: string): Promise<PartitionPlace[]> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0]!.partitions
    .map(({ partitionId, leader, replicas, isr }) => ({ partition: partitionId, leader, replicas, isr }))
    .sort((a, b) => a.partition - b.partition);
}

/** Tries again while brokers are away or change their roles. @throws the last error when patience is over */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + PATIENCE; ; await sleep(EVERY)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}
