import { setTimeout as sleep } from 'node:timers/promises';
import avsc from 'avsc';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import { TRACK_EVENT_SCHEMA } from '../../../src/wire/schemas.ts';
import { plainProducer } from './kafka.ts';
import { type Input, nastyTraffic } from './traffic.ts';

export interface WriterOptions {
  readonly brokers: readonly string[];
  readonly registryUrl: string;
  readonly topic: string;
}

/** What another team made of the schema: a namespace of its own, one field more, and one less. */
const EVOLVED = (() => {
  const schema = JSON.parse(TRACK_EVENT_SCHEMA) as { namespace: string; fields: { name: string }[] };
  schema.namespace = 'shop.tracking';
  schema.fields = schema.fields.filter(({ name }) => name !== 'received_at');
  schema.fields.splice(2, 0, { name: 'app_version', type: ['null', 'string'], default: null } as { name: string });
  return schema;
})();

/** Longest that records wait to be sent together, ms. */
const TOGETHER = 40;

/** A producer of track events that has nothing of tidemark but the schema: Avro in the Confluent wire format. */
export class Writer {
  readonly #topic: string;
  readonly #producer: Producer;
  readonly #encode: Record<Input['writer'], (event: object) => Buffer>;
  /** Ids of the schemas that it writes with. */
  readonly schemaIds: readonly number[];
  /** Records in the log that are not of an aborted transaction. */
  written = 0;

  /** Registers its schemas first. The topic has to be there. */
  static async open(options: WriterOptions): Promise<Writer> {
    // Not under the topic's own subject, which asks for compatibility by name: the id is all that a record carries.
    const ours = await register(options, `${options.topic}-value`, JSON.parse(TRACK_EVENT_SCHEMA));
    const evolved = await register(options, `${options.topic}-other-team`, EVOLVED);
    const producer = await plainProducer(options.brokers, { idempotent: true, maxInFlightRequests: 1 });
    return new Writer(options.topic, producer, { ours, evolved });
  }

  private constructor(topic: string, producer: Producer, ids: Record<Input['writer'], number>) {
    this.#topic = topic;
    this.#producer = producer;
    this.schemaIds = Object.values(ids);
    this.#encode = {
      ours: encoder(JSON.parse(TRACK_EVENT_SCHEMA), ids.ours),
      evolved: encoder(EVOLVED, ids.evolved),
    };
  }

  /** Writes records now, whatever their delay. */
  async write(inputs: readonly Input[], compression = kafkajs.CompressionTypes.None): Promise<void> {
    const messages = inputs.map(({ key, what, writer, headers, partition }): Message => {
      const value = what === null || Buffer.isBuffer(what) ? what : this.#encode[writer](what);
      return { key, value, headers: { ...headers }, ...(partition === null ? {} : { partition }) };
    });
    await this.#producer.send({ topic: this.#topic, messages, compression });
    this.written += messages.length;
  }

  /** Writes nasty traffic when it is due until the signal aborts; then what is written is in the log. */
  async writeOn(seed: number, rate: number, signal: AbortSignal): Promise<void> {
    const begun = Date.now();
    let batch: Input[] = [];
    for (const input of nastyTraffic(seed, begun, rate)) {
      const wait = begun + input.delay - Date.now();
      if (wait > TOGETHER) {
        const codec = batch.length > 4 ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None;
        if (batch.length > 0) await this.write(batch, codec);
        batch = [];
        // Aborted is no error here: it is how this ends.
        await sleep(wait, undefined, { signal }).catch(() => {});
      }
      if (signal.aborted) break;
      batch.push(input);
    }
    if (batch.length > 0) await this.write(batch);
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

function encoder(schema: object, id: number): (event: object) => Buffer {
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return (event) => Buffer.concat([header, type.toBuffer({ app_version: null, ...event })]);
}

/** @returns the id under which the registry keeps the schema. */
async function register({ registryUrl }: WriterOptions, subject: string, schema: object): Promise<number> {
  const answer = await fetch(`${registryUrl}/subjects/${subject}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema: JSON.stringify(schema) }),
  });
  if (!answer.ok) throw new Error(`the registry refused a schema under ${subject}: ${await answer.text()}`);
  return ((await answer.json()) as { id: number }).id;
}
