import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { failpoint } from '../ports/failpoints.ts';
import type { OutMessages, OutputSession, PublishedMessage } from '../ports/output.ts';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import type { KeptOffset } from './produce/brokers.ts';
import type { TransactionalProducer } from './produce/transactional-producer.ts';
import type { Requests } from './requests.ts';

const CLOSE = 1_500;

export interface SessionOptions {
  readonly logger: Logger;
  readonly transactionalId: string;
  /** One that has fenced its predecessor. */
  readonly producer: TransactionalProducer;
  /** Closes the producer's connections. */
  readonly disconnect: () => Promise<void>;
  /** Where Kafka keeps the position: as a group's offset of the input partition. */
  readonly positionAt: KeptOffset;
  readonly requests: Requests;
  /** See `OutputSession`. */
  readonly readBack: (from: number) => Promise<PublishedMessage[]>;
  readonly onClose: (session: KafkaOutputSession) => void;
}

/**
 * Invariant: messages and the position behind them become visible together or not at all, and only while no newer
 * producer of the same transactional id is there. After any error the outcome is unknown, and nothing more is done with
 * the producer.
 */
export class KafkaOutputSession implements OutputSession {
  readonly #options: SessionOptions;
  #position: number | null = null;
  #broken: Error | null = null;
  #busy = false;
  #closed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  async position(): Promise<number | null> {
    return this.#guarded(async () => {
      const { producer, positionAt } = this.#options;
      this.#position ??= await producer.kept(positionAt);
      return this.#position;
    });
  }

  async send(messages: readonly OutMessages[], next: number): Promise<void> {
    await this.#guarded(async () => {
      const { producer, requests } = this.#options;
      for (const batches of requests.split(messages, Date.now())) {
        await producer.send(batches);
        this.#mustBeOpen();
      }
      await this.#commit(next);
    });
  }

  async renew(next: number): Promise<void> {
    await this.#guarded(() => this.#commit(next));
  }

  async readBack(from: number): Promise<PublishedMessage[]> {
    return this.#guarded(() => this.#options.readBack(from));
  }

  async close(): Promise<void> {
    const { logger, transactionalId, producer, onClose } = this.#options;
    this.#closed = true;
    this.#broken ??= new Error(`producer ${transactionalId} is closed`);
    producer.stop(this.#broken);
    onClose(this);
    // With the broker away KafkaJS waits for what is under way: that goes on behind, and asks for nothing more.
    await within(wallClock, CLOSE, this.#disconnect(), () =>
      logger.info({ transactionalId }, 'closing the producer takes long; the broker drops what it left open'),
    );
  }

  async #disconnect(): Promise<void> {
    const { logger, transactionalId } = this.#options;
    try {
      await this.#options.disconnect();
    } catch (error) {
      logger.debug({ err: messageOf(error), transactionalId }, 'the producer did not close');
    }
  }

  async #commit(next: number): Promise<void> {
    const { producer, positionAt } = this.#options;
    await producer.keep(positionAt, next);
    this.#mustBeOpen();
    failpoint('output.produced');
    await producer.commit();
    failpoint('output.committed');
    this.#position = next;
  }

  /** Runs one thing at a time; whatever fails breaks the session. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    this.#mustBeOpen();
    if (this.#busy) throw new Error(`producer ${this.#options.transactionalId} was asked for two things at once`);
    this.#busy = true;
    try {
      const result = await work();
      this.#mustBeOpen();
      return result;
    } catch (error) {
      this.#broken ??= error as Error;
      throw error;
    } finally {
      this.#busy = false;
      // What KafkaJS still tried may have connected again after `close`.
      if (this.#closed) this.#disconnect();
    }
  }

  #mustBeOpen(): void {
    if (this.#broken !== null)
      throw new Error(`the producer is of no more use: ${this.#broken.message}`, { cause: this.#broken });
  }
}
