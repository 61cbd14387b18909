/**
 * The operations that a broker allows this user on topics. KafkaJS knows the request up to version 6, which does not
 * ask for them. Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/internals.unit.test.ts.
 */
import type KafkaBroker from 'kafkajs/src/broker/index.js';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';

const METADATA = 3;
/** The first version of the answer that has them: Kafka 2.3. */
const WITH_OPERATIONS = 8;
/** A broker sends this where it leaves them out after all. */
const LEFT_OUT = -(2 ** 31);
const TOPIC_AUTHORIZATION_FAILED = 29;

/**
 * A bit for each operation, at the position of its code; 0: not even to see that the topic is there. null: not known.
 */
export type Operations = number | null;

/**
 * By topic, each that was asked for and is there, or may not be seen. Empty where the broker is too old for the
 * request.
 */
export async function topicOperations(
  broker: KafkaBroker,
  topics: readonly string[],
): Promise<ReadonlyMap<string, Operations>> {
  if ((broker.versions?.[METADATA]?.maxVersion ?? 0) < WITH_OPERATIONS) return new Map();
  const request = {
    apiKey: METADATA,
    apiVersion: WITH_OPERATIONS,
    apiName: 'Metadata',
    encode: async () => encoded(topics),
  };
  const response = { decode: async (bytes: Buffer) => decoded(bytes), parse: async (answer: unknown) => answer };
  return (await broker.connectionPool.send({ request, response })) as ReadonlyMap<string, Operations>;
}

function encoded(topics: readonly string[]): Encoder {
  const body = new Encoder().writeInt32(topics.length);
  for (const topic of topics) body.writeString(topic);
  const [makeTopics, ofCluster, ofTopics] = [false, false, true];
  return body.writeBoolean(makeTopics).writeBoolean(ofCluster).writeBoolean(ofTopics);
}

function decoded(bytes: Buffer): ReadonlyMap<string, Operations> {
  const decoder = new Decoder(bytes);
  decoder.readInt32(); // throttled, ms
  decoder.readArray(() => [decoder.readInt32(), decoder.readString(), decoder.readInt32(), decoder.readString()]);
  decoder.readString(); // cluster
  decoder.readInt32(); // controller
  const topics = decoder.readArray(() => {
    const error = decoder.readInt16();
    const name = decoder.readString()!;
    decoder.readBoolean(); // internal
    decoder.readArray(() => {
      decoder.readInt16(); // error
      for (const _ of ['partition', 'leader', 'epoch']) decoder.readInt32();
      for (const _ of ['replicas', 'in sync', 'offline']) decoder.readArray(() => decoder.readInt32());
    });
    const operations = decoder.readInt32();
    return [name, error === TOPIC_AUTHORIZATION_FAILED ? 0 : operations === LEFT_OUT ? null : operations] as const;
  });
  return new Map(topics);
}
