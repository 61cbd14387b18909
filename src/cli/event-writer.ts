import type { Logger } from 'pino';
import type { Kafka } from '../kafka/client.ts';
import { TopicWriter } from '../kafka/topic-writer.ts';
import { putRecordBody, recordBodyRoom } from '../wire/record-body.ts';
import { Failure } from './failure.ts';

export interface EventToWrite {
  readonly key: string;
  readonly value: Buffer;
}

/** Writes events to the input topic, as `simulate` and the demo do. */
export class EventWriter {
  readonly #writer: TopicWriter;

  /** @throws Failure where the topic is not there */
  static async open(kafka: Kafka, topic: string, logger: Logger): Promise<EventWriter> {
    try {
      return new EventWriter(await TopicWriter.open(kafka, topic, logger));
    } catch (error) {
      if ((error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
      throw new Failure(1, `topic ${topic} is not there: \`tidemark setup\` makes it`, { cause: error });
    }
  }

  private constructor(writer: TopicWriter) {
    this.#writer = writer;
  }

  /** Resolves once all are in the log, each once. @throws where it is not known whether they are */
  async send(events: readonly EventToWrite[]): Promise<void> {
    await this.#writer.send(
      events.map(({ key, value }) => {
        const content = { key: Buffer.from(key), value, headers: [] };
        const room = Buffer.allocUnsafe(recordBodyRoom(content));
        return { key: content.key, recordBody: room.subarray(0, putRecordBody(room, 0, content)) };
      }),
    );
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }
}
