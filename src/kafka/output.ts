import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { failpoint, failpointActive } from '../ports/failpoints.ts';
import type { Output, OutputSession, OutputTopic, PublishedMessage } from '../ports/output.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { watchEndTxn } from './end-txn.ts';
import { remedy } from './fatal.ts';
import { defaultLimits, type Layout, messageLimits, type OutputTopics, partitionCounts } from './layout.ts';
import { KafkaOutputSession } from './output-session.ts';

import { readBack } from './read-back.ts';
import { Requests } from './requests.ts';
import { openTransactional } from './transactional.ts';

/** Longest that reading the topics back may take, in ms. */
const READ_BACK = 300_000;

export interface OutputOptions {
  readonly address: KafkaAddress;
  /** The processor's group: transactional ids and the group that keeps the positions are named after it. */
  readonly group: string;
  readonly input: string;
  readonly topics: OutputTopics;
  readonly logger: Logger;
}

/** The output, dead-letter and late topics. One transactional producer for each input partition that is ours. */
export class KafkaOutput implements Output {
  readonly #options: OutputOptions;
  readonly #logger: Logger;
  readonly #kafka: Kafka;
  readonly #link: ClusterLink;
  readonly #sessions = new Set<KafkaOutputSession>();
  #limits: Promise<ReadonlyMap<OutputTopic, number>> | null = null;
  #closed = false;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#logger = options.logger.child({ outputGroup: `${options.group}.outbox` });
    const watched = failpointActive('output.end-txn-sent');
    const socketFactory = watched ? watchEndTxn(() => failpoint('output.end-txn-sent')) : null;
    this.#kafka = kafkaClient(options.address, this.#logger, socketFactory === null ? {} : { socketFactory });
    this.#link = new ClusterLink(kafkaClient(options.address, this.#logger), this.#logger);
  }

  /**
   * What each topic takes in one record batch, in bytes (`max.message.bytes`); brokers' default where this user may not
   * ask. Asked for once.
   */
  async limits(): Promise<ReadonlyMap<OutputTopic, number>> {
    this.#limits ??= this.#askLimits().catch((error: unknown) => {
      this.#limits = null;
      throw error;
    });
    return this.#limits;
  }

  async open(partition: number): Promise<OutputSession> {
    const { group, input, topics, address } = this.#options;
    const transactionalId = `${group}.${input}.${partition}`;
    try {
      const layout = await this.#layout();
      if (this.#closed) throw new Error('the output is closed');
      const { producer, disconnect } = await openTransactional(this.#kafka, transactionalId);
      const session = new KafkaOutputSession({
        logger: this.#logger,
        transactionalId,
        producer,
        disconnect,
        positionAt: { group: `${group}.outbox`, topic: input, partition },
        requests: new Requests({ topics, layout, inputPartition: partition }),
        readBack: (from) => this.#readBack(from, partition, layout),
        onClose: (closed) => this.#sessions.delete(closed),
      });
      this.#sessions.add(session);
      return session;
    } catch (error) {
      const help = remedy(error) ?? `is a broker of ${address.brokers.join(', ')} up?`;
      throw new Error(`no producer ${transactionalId}: ${(error as Error).message}: ${help}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#sessions].map((session) => session.close()));
    await this.#link.close();
  }

  async #readBack(from: number, partition: number, layout: Layout): Promise<PublishedMessage[]> {
    const { input: topic, topics } = this.#options;
    const signal = AbortSignal.timeout(READ_BACK);
    return this.#link.ask(
      'the ends of the output topics',
      (cluster) => readBack(from, { cluster, topics, layout, input: { topic, partition }, signal }),
      READ_BACK,
    );
  }

  async #layout(): Promise<Layout> {
    const { input, topics } = this.#options;
    const counts = await this.#link.ask('partitions of the output topics', (cluster) =>
      partitionCounts(cluster, input, topics),
    );
    return { ...counts, limits: await this.limits() };
  }

  async #askLimits(): Promise<ReadonlyMap<OutputTopic, number>> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      return await messageLimits(admin, this.#options.topics);
    } catch (error) {
      if (!remedy(error)?.startsWith('grant')) {
        // The broker does not name the topic: a request for metadata does, with an error of its own.
        await this.#link.ask('the output topics', (cluster) => cluster.refreshMetadata());
        throw error;
      }
      this.#logger.info(
        { err: messageOf(error) },
        'may not ask for max.message.bytes of the output topics: taking the default',
      );
      return defaultLimits();
    } finally {
      admin
        .disconnect()
        .catch((error: unknown) => this.#logger.debug({ err: messageOf(error) }, 'an admin client did not close'));
    }
  }
}
