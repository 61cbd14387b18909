import type { Logger } from 'pino';
import type { Kafka } from '../kafka/client.ts';
import type { OutputTopic } from '../ports/output.ts';
import type { Received } from './parts.ts';
import { receivedOf } from './received.ts';

/** Longest wait until the group has let the viewer in, ms. */
const JOIN_WITHIN = 30_000;

/** A consumer like any other: read committed, in a group of its own, from the first message on. */
export class Viewer {
  private readonly consumer: ReturnType<Kafka['consumer']>;
  private readonly logger: Logger;

  constructor(kafka: Kafka, groupId: string, logger: Logger) {
    this.logger = logger;
    this.consumer = kafka.consumer({ groupId, readUncommitted: false, maxWaitTimeInMs: 250 });
  }

  /** Resolves once the group has let it in. */
  async follow(topics: ReadonlyMap<string, OutputTopic>, onMessage: (message: Received) => void): Promise<void> {
    const { consumer, logger } = this;
    const { promise: joined, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(
      () => reject(new Error(`no group for the viewer within ${JOIN_WITHIN / 1_000} s: is the broker healthy?`)),
      JOIN_WITHIN,
    );
    consumer.on(consumer.events.GROUP_JOIN, () => resolve());
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (payload.restart) return;
      logger.error({ err: payload.error }, 'the viewer of the output topics gave up: messages will be missing');
      reject(payload.error);
    });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics.keys()], fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ topic, message: { key, value, headers } }) => {
          onMessage(receivedOf(topics.get(topic)!, key, value, (name) => headers?.[name] as Buffer | undefined));
        },
      });
      await joined;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.consumer.disconnect();
  }
}
