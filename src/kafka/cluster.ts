import kafkajs, { type Cluster, type Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../processor/errors.ts';
import { within } from './within.ts';

/** Longest wait for an answer, in ms: about twice what a broker takes to come back from a restart. */
const ANSWER = 10_000;

/**
 * Questions to the brokers without being in a group. KafkaJS's admin client asks for offsets read committed, which
 * are last stable offsets, not ends, and cannot fetch; its cluster can, and is handed to every partition assigner.
 * The connection is made with the first question, dropped after an error, and made anew with the next.
 */
export class ClusterLink {
  readonly #kafka: Kafka;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #link: Promise<Link> | null = null;

  constructor(kafka: Kafka, logger: Logger) {
    this.#kafka = kafka;
    this.#logger = logger;
  }

  /**
   * Asks. Once more over a new connection if an old one failed: it may have been to a broker that is gone, or by what
   * was known of the leaders before they changed.
   */
  async ask<T>(what: string, question: (cluster: Cluster) => Promise<T>, timeout = ANSWER): Promise<T> {
    const old = this.#link !== null;
    try {
      return await this.#once(what, question, timeout);
    } catch (error) {
      if (!old || error instanceof NoAnswer) throw error;
      return await this.#once(what, question, timeout);
    }
  }

  async #once<T>(what: string, question: (cluster: Cluster) => Promise<T>, timeout: number): Promise<T> {
    const { signal } = this.#closing;
    if (signal.aborted) throw new NoAnswer(`cannot ask Kafka for ${what}: the connection is closed`);
    this.#link ??= openLink(this.#kafka);
    const link = this.#link;
    const asked = link.then(({ cluster }) => question(cluster));
    const late = () => {
      throw new NoAnswer(`Kafka did not answer ${signal.aborted ? 'before closing' : `within ${timeout} ms`}: ${what}`);
    };
    try {
      return await within(timeout, asked, late, signal);
    } catch (error) {
      if (this.#link === link) this.#link = null;
      this.#drop(link);
      throw error;
    }
  }

  #drop(link: Promise<Link>): void {
    link
      .then(({ disconnect }) => disconnect())
      .catch((error: unknown) => this.#logger.debug({ err: messageOf(error) }, 'a connection to Kafka did not close'));
  }

  /** Resolves within `timeout` ms, whatever is away. */
  async close(timeout = 1_000): Promise<void> {
    this.#closing.abort();
    const link = this.#link;
    this.#link = null;
    if (link === null) return;
    const closed = link.then(({ disconnect }) => disconnect()).catch(() => {});
    await within(timeout, closed, () => {});
  }
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** KafkaJS's own view of a cluster, and its connections. */
export interface Link {
  readonly cluster: Cluster;
  disconnect(): Promise<void>;
}

/** Connects to one broker of those that are given; the others when they are asked for. */
export async function openLink(kafka: Kafka): Promise<Link> {
  let cluster: Cluster | undefined;
  const consumer = kafka.consumer({
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
  await consumer.connect();
  return { cluster: cluster!, disconnect: () => consumer.disconnect() };
}
