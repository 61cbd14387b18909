import type { Cluster, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { wallClock } from '../time/clock.ts';
import { Backoff, within } from '../time/waiting.ts';
import { remedy } from './fatal.ts';
import { clusterOf, type Link } from './kafkajs/link.ts';
import { unreachableBecause } from './kafkajs/pool.ts';
import { topicNamed } from './refused-topics.ts';

/** Longest wait for an answer, in ms: about twice what a broker takes to come back from a restart. */
const ANSWER = 10_000;
/** Waits before a question is asked again, ms. */
const WAITS = { first: 50, longest: 500 };

/**
 * Questions to the brokers without being in a group. KafkaJS's admin client asks for offsets read committed, which
 * are last stable offsets, not ends, and cannot fetch; its cluster can, and is handed to every partition assigner.
 * Connections are made with the first question, and anew where they break.
 */
export class ClusterLink {
  readonly #kafka: Kafka;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  #link: Link | null = null;

  constructor(kafka: Kafka, logger: Logger) {
    this.#kafka = kafka;
    this.#logger = logger;
  }

  /**
   * Asks, and asks again as long as there are brokers that answer and the error is one that passes: a leader or a
   * coordinator that moves, a broker that goes.
   *
   * @param timeout ms for all of it.
   * @throws the last error.
   */
  async ask<T>(what: string, question: (cluster: Cluster) => Promise<T>, timeout = ANSWER): Promise<T> {
    const { signal } = this.#closing;
    if (signal.aborted) throw new NoAnswer(`cannot ask Kafka for ${what}: the connection is closed`);
    this.#link ??= clusterOf(this.#kafka);
    const { cluster } = this.#link;
    let last: unknown;
    let over = false;
    const asked = async () => {
      await cluster.connect();
      const waits = new Backoff(WAITS);
      for (;;) {
        try {
          return await question(cluster);
        } catch (error) {
          last = error;
          if (over || !passes(error)) throw await topicNamed(cluster, error);
          await cluster.refreshMetadata().catch(async (refused: unknown) => {
            throw await topicNamed(cluster, refused);
          });
          await wallClock.sleep(waits.next(), signal);
          signal.throwIfAborted();
        }
      }
    };
    const late = () => {
      over = true;
      const when = signal.aborted ? 'before closing' : `within ${timeout} ms`;
      // While it is connected to, tries fail inside KafkaJS, and none of them ends the question.
      const cause = unreachableBecause(cluster) ?? last;
      const why = cause === undefined ? '' : `: ${messageOf(cause)}`;
      throw new NoAnswer(`Kafka did not answer ${when}: ${what}${why}`, { cause });
    };
    return await within(wallClock, timeout, asked(), late, signal);
  }

  /** Resolves within `timeout` ms, whatever is away. */
  async close(timeout = 1_000): Promise<void> {
    this.#closing.abort();
    const closed = this.#link?.disconnect().catch((error: unknown) => {
      this.#logger.debug({ err: messageOf(error) }, 'a connection to Kafka did not close');
    });
    await within(wallClock, timeout, Promise.resolve(closed));
  }
}

class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** Whether an error may be over as soon as the new leaders and coordinators are known. */
function passes(error: unknown): boolean {
  const { name, retriable } = error as { readonly name?: string; readonly retriable?: boolean };
  if (name === 'NoLeader') return true;
  return /^KafkaJS/.test(name ?? '') && retriable === true && remedy(error) === null;
}
