import type { Clock } from '../../time/clock.ts';
import type { BatchWriter } from '../batch-writer.ts';
import { Acknowledged } from './acknowledged.ts';
import { Asking } from './asking.ts';
import { type Brokers, type ProducerIdentity, refusal } from './brokers.ts';
import { COORDINATOR_AGAIN, HAS_IT_ALREADY, PRODUCE_AGAIN } from './errors.ts';
import { Sequences } from './sequences.ts';

/**
 * How long a request is tried while brokers have no leader or do not answer, ms: longer than they take to elect one.
 */
export const PATIENCE = 15_000;

/** A batch for one partition. Its writer may be used again once the call that sends it has ended. */
export interface BatchToSend {
  readonly topic: string;
  readonly partition: number;
  readonly batch: BatchWriter;
  /** ms, of each record. */
  readonly timestamp: number;
}

export interface ProducerOptions {
  readonly brokers: Brokers;
  readonly clock: Clock;
  /** null: no transactions. */
  readonly transactionalId: string | null;
  /** ms after which the broker aborts what a dead producer left open: readers may be kept waiting for this long. */
  readonly transactionTimeout: number;
  readonly patience?: number;
}

/**
 * Sends batches, each to one partition in a request of its own.
 *
 * Invariant: a batch has one place in its partition's sequence, over all tries, and its bytes do not change. So a
 * broker that has it already knows it, be it another one by now, and the log holds it once. The next batch of a
 * partition goes out only when this one is acknowledged.
 */
export class IdempotentProducer {
  readonly options: ProducerOptions;
  readonly identity: ProducerIdentity;
  readonly asking: Asking;
  readonly acknowledged = new Acknowledged();
  readonly #sequences = new Sequences();

  /** @throws where no producer id could be had. One with a transactional id has fenced its predecessor. */
  static async open(options: ProducerOptions): Promise<IdempotentProducer> {
    const { brokers, clock, transactionalId, transactionTimeout, patience = PATIENCE } = options;
    const asking = new Asking(brokers, clock, patience);
    const identity = await asking.until({
      what: transactionalId === null ? 'get a producer id' : `take over transactional id ${transactionalId}`,
      whom: () => (transactionalId === null ? brokers.any() : brokers.coordinator('transaction', transactionalId)),
      ask: (broker) =>
        broker.initProducerId({ ...(transactionalId === null ? {} : { transactionalId }), transactionTimeout }),
      again: COORDINATOR_AGAIN,
      // The id's epoch rises once more.
      twice: true,
    });
    return new IdempotentProducer(options, identity, asking);
  }

  private constructor(options: ProducerOptions, identity: ProducerIdentity, asking: Asking) {
    this.options = options;
    this.identity = identity;
    this.asking = asking;
  }

  /**
   * Sends batches to different partitions, at once.
   *
   * @throws where one was not acknowledged, once the others have been answered: the producer is of no more use.
   */
  async send(batches: readonly BatchToSend[]): Promise<void> {
    const sent = await Promise.allSettled(batches.map((batch) => this.#send(batch)));
    for (const one of sent) {
      if (one.status === 'rejected') {
        this.asking.stop(one.reason);
        throw one.reason;
      }
    }
  }

  async #send({ topic, partition, batch, timestamp }: BatchToSend): Promise<void> {
    const { brokers, transactionalId } = this.options;
    const records = batch.length;
    const firstSequence = this.#sequences.next(topic, partition);
    const transactional = transactionalId !== null;
    const bytes = batch.finish({ ...this.identity, firstSequence, transactional }, timestamp);
    this.acknowledged.sent(topic, partition, records);
    const offset = await this.asking.until({
      what: `send to partition ${partition} of topic ${topic}`,
      whom: () => brokers.leader(topic, partition),
      ask: async (broker) => {
        try {
          return await broker.produce({ transactionalId, topic, partition, batch: bytes });
        } catch (error) {
          if (refusal(error) === HAS_IT_ALREADY) return null;
          throw error;
        }
      },
      again: PRODUCE_AGAIN,
      // The broker recognizes by the sequence numbers a batch that it has.
      twice: true,
    });
    this.acknowledged.acknowledge(topic, partition, records, offset);
    this.#sequences.advance(topic, partition, records);
  }

  /** No request goes out from now on. */
  stop(error: Error): void {
    this.asking.stop(error);
  }
}
