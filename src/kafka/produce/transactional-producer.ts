import type { Question } from './asking.ts';
import type { BrokerRequests, KeptOffset, ProducerIdentity } from './brokers.ts';
import { COORDINATOR_AGAIN, KEPT_AGAIN, OFFSETS_AGAIN } from './errors.ts';
import { type BatchToSend, IdempotentProducer, type ProducerOptions } from './idempotent-producer.ts';

/**
 * One transaction after the other.
 *
 * Invariant: a commit is sent only when each partition of the transaction has acknowledged all that was sent to it. And
 * what is asked of a coordinator is asked anew only after it refused: a request that was not answered may be done late,
 * in the transaction that comes next, and end that one, or set its offset back. Then the producer is of no more use;
 * the next one's epoch makes the brokers refuse whatever is still under way.
 */
export class TransactionalProducer {
  readonly #producer: IdempotentProducer;
  readonly #id: string;
  /** Partitions of the transaction that is open. */
  readonly #added = new Set<string>();
  readonly #groups = new Set<string>();

  /** @throws where the id could not be taken over; once this resolves its predecessor can commit nothing more. */
  static async open(options: ProducerOptions & { readonly transactionalId: string }): Promise<TransactionalProducer> {
    return new TransactionalProducer(await IdempotentProducer.open(options), options.transactionalId);
  }

  /** @param producer one that has taken over this id. */
  constructor(producer: IdempotentProducer, id: string) {
    this.#producer = producer;
    this.#id = id;
  }

  /** Sends batches to different partitions. @throws as all else here: then open another. */
  async send(batches: readonly BatchToSend[]): Promise<void> {
    const added = batches.filter(({ topic, partition }) => !this.#added.has(`${topic} ${partition}`));
    if (added.length > 0) {
      const topics = [...Map.groupBy(added, ({ topic }) => topic)].map(([topic, some]) => ({
        topic,
        partitions: some.map(({ partition }) => partition),
      }));
      // Where there are several, the broker does not name the one that it refused.
      await this.#ask(`add ${listOf(added)} to`, (broker, all) => broker.addPartitionsToTxn({ ...all, topics }));
      for (const { topic, partition } of added) this.#added.add(`${topic} ${partition}`);
    }
    await this.#producer.send(batches);
  }

  /** Keeps an offset with the transaction: it is there if the transaction is, and not otherwise. */
  async keep(at: KeptOffset, offset: number): Promise<void> {
    await this.#keep(at, offset);
  }

  /** Resolves with the broker that did. */
  async #keep({ group, topic, partition }: KeptOffset, offset: number): Promise<BrokerRequests> {
    const { brokers } = this.#producer.options;
    const topics = [{ topic, partitions: [{ partition, offset: String(offset) }] }];
    if (!this.#groups.has(group)) {
      await this.#ask('add offsets to', (broker, all) => broker.addOffsetsToTxn({ ...all, groupId: group }));
      this.#groups.add(group);
    }
    return await this.#once({
      what: `keep offset ${offset} of group ${group} in transaction ${this.#id}`,
      whom: () => brokers.coordinator('group', group),
      ask: async (broker) => {
        await broker.txnOffsetCommit({ ...this.#all, groupId: group, topics });
        return broker;
      },
      again: OFFSETS_AGAIN,
    });
  }

  /**
   * The offset that was kept last in a transaction that was committed, this producer's or one before; null: none is.
   *
   * A coordinator that was deposed while it stood still answers for a moment with what it knew then, but it can write
   * nothing. So the coordinator that is asked has to write first, in a transaction that is aborted: if it can, it
   * coordinates the group, and does so after the take-over of the id, since when no other producer can have kept
   * anything.
   */
  async kept(of: KeptOffset): Promise<number | null> {
    const coordinator = await this.#keep(of, 0);
    await this.abort();
    const offset = await this.#producer.asking.until({
      what: `ask group ${of.group} for its offset`,
      whom: async () => coordinator,
      ask: (broker) => broker.keptOffset(of),
      again: KEPT_AGAIN,
      twice: true,
    });
    return offset < 0 ? null : offset;
  }

  /** Everything sent and kept since the last one becomes visible. @throws where it is not known whether it has. */
  async commit(): Promise<void> {
    this.#producer.acknowledged.mustBeComplete();
    await this.#end(true);
  }

  /** Nothing of what was sent and kept since the last commit will ever be seen. */
  async abort(): Promise<void> {
    await this.#end(false);
  }

  /** No request goes out from now on: a transaction that is open is aborted by the broker, or by the next producer. */
  stop(error: Error): void {
    this.#producer.stop(error);
  }

  async #end(transactionResult: boolean): Promise<void> {
    // The broker knows of no transaction.
    if (this.#added.size === 0 && this.#groups.size === 0) return;
    await this.#ask(transactionResult ? 'commit' : 'abort', (broker, all) =>
      broker.endTxn({ ...all, transactionResult }),
    );
    this.#added.clear();
    this.#groups.clear();
  }

  get #all(): ProducerIdentity & { readonly transactionalId: string } {
    return { ...this.#producer.identity, transactionalId: this.#id };
  }

  #ask<T>(
    what: string,
    ask: (broker: BrokerRequests, all: ProducerIdentity & { readonly transactionalId: string }) => Promise<T>,
  ): Promise<T> {
    const { brokers } = this.#producer.options;
    return this.#once({
      what: `${what} transaction ${this.#id}`,
      whom: () => brokers.coordinator('transaction', this.#id),
      ask: (broker) => ask(broker, this.#all),
      again: COORDINATOR_AGAIN,
    });
  }

  /** Asks for what may be done once only; unless it is known to be done, nothing is asked after it. */
  async #once<T>(question: Omit<Question<T>, 'twice'>): Promise<T> {
    try {
      return await this.#producer.asking.until({ ...question, twice: false });
    } catch (error) {
      this.stop(error as Error);
      throw error;
    }
  }
}

function listOf(batches: readonly BatchToSend[]): string {
  return batches.map(({ topic, partition }) => `partition ${partition} of topic ${topic}`).join(', ');
}
