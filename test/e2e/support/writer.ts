import { setTimeout as sleep } from 'node:timers/promises';
import avsc from 'avsc';
import kafkajs, { type Message, type Producer } from 'kafkajs';
import { TRACK_EVENT_SCHEMA } from '../../../src/wire/schemas.ts';
import type { Parts } from '../../support/parts.ts';
import { plainProducer, sendEach } from '../../support/plain-kafka.ts';
import { registerSchema } from '../../support/registry.ts';
import { type Input, nastyTraffic, type SchemaName } from './traffic.ts';

export interface WriterOptions extends Pick<Parts, 'registryUrl' | 'env'> {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
}

/** What another team made of the schema: a namespace of its own, one field more, and one less. */
function evolved(field: string): object {
  const schema = JSON.parse(TRACK_EVENT_SCHEMA) as { namespace: string; fields: { name: string }[] };
  schema.namespace = 'shop.tracking';
  schema.fields = schema.fields.filter(({ name }) => name !== 'received_at');
  schema.fields.splice(2, 0, { name: field, type: ['null', 'string'], default: null } as { name: string });
  return schema;
}

/** In the order in which they are registered. `unseen` is in no traffic: a test writes with it when it wants to. */
const SCHEMAS: Readonly<Record<SchemaName, object>> = {
  ours: JSON.parse(TRACK_EVENT_SCHEMA),
  evolved: evolved('app_version'),
  unseen: evolved('campaign_id'),
};

/** Longest that records wait to be sent together, ms. */
const TOGETHER = 40;

/** A producer of track events that has nothing of tidemark but the schema: Avro in the Confluent wire format. */
export class Writer {
  readonly #options: WriterOptions;
  readonly #encode: ReadonlyMap<SchemaName, Encode>;
  #producer: Producer;
  /** Records in the log. */
  written = 0;

  /** Registers its schemas first. The topic has to be there. */
  static async open(options: WriterOptions): Promise<Writer> {
    return new Writer(options, encoders(await registerSchemas(options)), await producerOf(options));
  }

  private constructor(options: WriterOptions, encode: ReadonlyMap<SchemaName, Encode>, producer: Producer) {
    this.#options = options;
    this.#encode = encode;
    this.#producer = producer;
  }

  /** Writes records now, whatever their delay. @returns whether the brokers stamped them all. */
  async write(inputs: readonly Input[], compression = kafkajs.CompressionTypes.None): Promise<boolean> {
    const messages = inputs.map(({ key, what, writer, headers, partition, timestamp }): Message => {
      const value = what === null || Buffer.isBuffer(what) ? what : this.#encode.get(writer)!(what);
      return {
        ...{ key, value, headers: { ...headers } },
        ...(partition === null ? {} : { partition }),
        ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
      };
    });
    const { topic, partitions } = this.#options;
    const acknowledged = await sendEach(this.#producer, topic, partitions, messages, compression);
    this.written += messages.length;
    return acknowledged.every(({ logAppendTime }) => logAppendTime !== '-1');
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

  /** A new connection, for when the broker was away. */
  async reconnect(): Promise<void> {
    await this.close();
    this.#producer = await producerOf(this.#options);
  }

  async close(): Promise<void> {
    await this.#producer.disconnect();
  }
}

function producerOf(options: WriterOptions): Promise<Producer> {
  return plainProducer(options, { idempotent: true, maxInFlightRequests: 1 });
}

/**
 * Registers the schemas, or finds them registered. Not all under the topic's own subject, which may ask for
 * compatibility by name: the id is all that a record carries.
 */
export async function registerSchemas(
  options: Omit<WriterOptions, 'partitions' | 'brokers'>,
): Promise<Map<SchemaName, number>> {
  const ids = new Map<SchemaName, number>();
  for (const [name, schema] of Object.entries(SCHEMAS) as [SchemaName, object][]) {
    const subject = name === 'ours' ? `${options.topic}-value` : `${options.topic}-${name}`;
    ids.set(name, await registerSchema(options, subject, JSON.stringify(schema)));
  }
  return ids;
}

export type Encode = (event: object) => Buffer;

/** What encodes events as producers with these schemas do. @param ids of the registry */
export function encoders(ids: ReadonlyMap<SchemaName, number>): Map<SchemaName, Encode> {
  return new Map([...ids].map(([name, id]) => [name, encoder(SCHEMAS[name], id)]));
}

function encoder(schema: object, id: number): Encode {
  const type = avsc.Type.forSchema(schema as avsc.Schema);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(id, 1);
  return (event) => Buffer.concat([header, type.toBuffer({ app_version: null, campaign_id: null, ...event })]);
}
