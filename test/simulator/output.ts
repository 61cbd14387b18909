/** The output as one processor reaches it: the real sessions and producers, on brokers that are simulated. */
import { KafkaOutputSession } from '../../src/kafka/output-session.ts';
import type { Brokers } from '../../src/kafka/produce/brokers.ts';
import { IdempotentProducer } from '../../src/kafka/produce/idempotent-producer.ts';
import { TransactionalProducer } from '../../src/kafka/produce/transactional-producer.ts';
import { Requests } from '../../src/kafka/requests.ts';
import { OUTPUT_TOPICS, type Output, type OutputSession, type PublishedMessage } from '../../src/ports/output.ts';
import { SimBrokers } from './cluster/brokers.ts';
import type { Cluster } from './cluster/cluster.ts';
import { GROUP, TOPIC, transactionalIdOf } from './names.ts';
import type { Seen } from './seen.ts';
import type { Setup } from './setup.ts';
import type { Process, Surroundings } from './surroundings.ts';
import { believeAny, ignoreFailedSends, notFenced, weakBrokers } from './weak.ts';

/** What is around the sessions, and the parts that they reach. */
interface OutputWorld extends Surroundings {
  readonly setup: Setup;
  readonly cluster: Cluster;
  readonly seen: Seen;
}

export class SimOutput implements Output {
  private readonly world: OutputWorld;
  private readonly host: Process;

  constructor(world: OutputWorld, host: Process) {
    this.world = world;
    this.host = host;
  }

  async open(partition: number): Promise<OutputSession> {
    const { host, world } = this;
    const { weakness, cluster } = world;
    const brokers = weakBrokers(weakness, host, partition, () => new SimBrokers(cluster, host, `p${partition}`));
    const open = () => this.session(partition, brokers);
    return weakness === 'position before fencing'
      ? notFenced(() => brokers.coordinator('group', GROUP), this.positionAt(partition), open)
      : open();
  }

  async close(): Promise<void> {}

  private async session(partition: number, brokers: Brokers): Promise<OutputSession> {
    const { host } = this;
    const { setup, weakness } = this.world;
    const { partitions, patience, transactionTimeout, outputs, batchBytes } = setup;
    const transactionalId = transactionalIdOf(partition);
    const options = { brokers, clock: host.clock, transactionalId, transactionTimeout, patience };
    const idempotent = await IdempotentProducer.open(options);
    const producer = new TransactionalProducer(idempotent, transactionalId);
    if (weakness === 'commit without acknowledgements') ignoreFailedSends(idempotent);
    if (weakness === 'any coordinator believed') believeAny(producer, idempotent);
    return new KafkaOutputSession({
      logger: host.logger,
      transactionalId,
      producer,
      disconnect: async () => {},
      positionAt: this.positionAt(partition),
      requests: new Requests({
        topics: { output: 'output', 'dead-letter': 'dead-letter', late: 'late' },
        layout: {
          inputPartitions: partitions,
          partitions: new Map(OUTPUT_TOPICS.map((topic) => [topic, outputs[topic]])),
          limits: new Map(OUTPUT_TOPICS.map((topic) => [topic, batchBytes])),
        },
        inputPartition: partition,
      }),
      readBack: (from) => this.readBack(partition, from),
      onClose: () => {},
    });
  }

  private positionAt(partition: number) {
    return { group: GROUP, topic: TOPIC, partition };
  }

  /** As the topics' partitions are read: whatever is in one, until it is decided. */
  private readBack(partition: number, from: number): Promise<PublishedMessage[]> {
    const { world } = this;
    return this.host.call('broker', `p${partition} read back`, async () => {
      if (world.weakness === 'no outbox position') return [];
      await Promise.all(world.cluster.partitions.map(({ consumer }) => consumer.decided()));
      const messages = world.seen.messages(partition).filter((message) => message.sequence >= from);
      return messages.map(({ topic, sequence, value }) => ({
        topic,
        sequence,
        value: topic === 'output' ? value : null,
      }));
    });
  }
}
