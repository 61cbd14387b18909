/** How long after it was decided that a visit has ended a read-committed consumer has the message. */
import avsc from 'avsc';
import type { Consumer } from 'kafkajs';
import { kafkaClient } from '../../src/kafka/client.ts';
import { VISIT_ENDED_SCHEMA } from '../../src/wire/schemas.ts';
import { Weighted } from '../report/statistics.ts';
import type { Ground } from './ground.ts';

/** Of the Confluent wire format. */
const HEADER = 5;
/** Longest that the broker waits for messages, ms. */
const WAIT = 50;

export class Published {
  readonly delays = new Weighted();
  readonly #consumer: Consumer;

  private constructor(consumer: Consumer) {
    this.#consumer = consumer;
  }

  /**
   * Reads the topic from its beginning.
   * @param counts whether what was decided at that time, ms since the epoch, is part of the measurement.
   */
  static async open(ground: Ground, topic: string, counts: (decidedAt: number) => boolean): Promise<Published> {
    const kafka = kafkaClient({ brokers: ground.stack.brokers }, ground.logger);
    const consumer = kafka.consumer({ groupId: `${topic}-watch`, maxWaitTimeInMs: WAIT, readUncommitted: false });
    const published = new Published(consumer);
    const writer = avsc.Type.forSchema(JSON.parse(VISIT_ENDED_SCHEMA) as avsc.Schema);
    const reader = avsc.Type.forSchema({
      type: 'record',
      name: 'tidemark.v1.VisitEnded',
      fields: [{ name: 'decided_at', type: 'long' }],
    });
    const resolver = reader.createResolver(writer);
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const now = Date.now();
        for (const { value } of batch.messages) {
          const { decided_at } = reader.fromBuffer(value!.subarray(HEADER), resolver) as {
            readonly decided_at: number;
          };
          if (counts(decided_at)) published.delays.add(now - decided_at);
        }
      },
    });
    return published;
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect();
  }
}
