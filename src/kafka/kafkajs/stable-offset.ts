/**
 * The offset that a group keeps for a partition, and never one that a transaction is about to replace: the broker
 * refuses while there is such. KafkaJS knows the request up to version 4, which gives the offset before the commit
 * until its marker has come to the group's coordinator; a producer that believed that would send again what is
 * published.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/output.int.test.ts.
 */
import type KafkaBroker from 'kafkajs/src/broker/index.js';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import protocolErrors from 'kafkajs/src/protocol/error.js';
import type { KeptOffset } from '../produce/brokers.ts';

const OFFSET_FETCH = 9;
/** The first version that can ask for stable offsets: Kafka 2.5. */
const STABLE = 7;

/** -1 where there is none. @throws the broker's refusal; `UNSTABLE_OFFSET_COMMIT`: ask again in a moment. */
export async function stableOffset(coordinator: KafkaBroker, of: KeptOffset): Promise<number> {
  const { group, topic, partition } = of;
  if ((coordinator.versions?.[OFFSET_FETCH]?.maxVersion ?? 0) >= STABLE) {
    const request = {
      apiKey: OFFSET_FETCH,
      apiVersion: STABLE,
      apiName: 'OffsetFetch',
      encode: async () => encoded(of),
    };
    return (await coordinator.connectionPool.send({ request, response: { decode, parse } })) as number;
  }
  const { responses } = await coordinator.offsetFetch({
    groupId: group,
    topics: [{ topic, partitions: [{ partition, offset: '' }] }],
  });
  const found = responses[0]?.partitions.find((entry) => entry.partition === partition);
  if (found === undefined) throw new Error(`group ${group} did not tell its offset of partition ${partition}`);
  return Number(found.offset);
}

/** The one tagged field list that each structure ends with, empty. */
const NO_TAGS = 0;

function encoded({ group, topic, partition }: KeptOffset): Encoder {
  const topics = new Encoder()
    .writeUVarIntString(topic)
    .writeUVarInt(1 + 1)
    .writeInt32(partition)
    .writeInt8(NO_TAGS);
  // The head of the request, which KafkaJS writes as of old, ends with tags too.
  return new Encoder()
    .writeInt8(NO_TAGS)
    .writeUVarIntString(group)
    .writeUVarInt(1 + 1)
    .writeEncoder(topics)
    .writeBoolean(true)
    .writeInt8(NO_TAGS);
}

interface Answer {
  readonly errorCode: number;
  readonly offset: number;
}

async function decode(bytes: Buffer): Promise<Answer> {
  const decoder = new Decoder(bytes);
  decoder.readTaggedFields();
  decoder.readInt32();
  const topics = decoder.readUVarIntArray(() => {
    decoder.readUVarIntString();
    const partitions = decoder.readUVarIntArray(() => {
      decoder.readInt32();
      const offset = Number(decoder.readInt64());
      decoder.readInt32();
      decoder.readUVarIntString();
      const errorCode = decoder.readInt16();
      decoder.readTaggedFields();
      return { offset, errorCode };
    });
    decoder.readTaggedFields();
    return partitions;
  });
  const errorCode = decoder.readInt16();
  const found = topics?.[0]?.[0];
  return { offset: found?.offset ?? -1, errorCode: errorCode || (found?.errorCode ?? 0) };
}

async function parse({ errorCode, offset }: Answer): Promise<number> {
  if (errorCode !== 0) throw protocolErrors.createErrorFromCode(errorCode);
  return offset;
}
