/**
 * Fetches of a topic by its id, which KafkaJS does not know: a broker refuses one of a topic that was deleted, also
 * where another has its name by now. By its name that one's records would come as if nothing had happened.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts.
 */
import Encoder from 'kafkajs/src/protocol/encoder.js';
import type { FetchAnswer, FetchedPartition } from '../fetch-answer.ts';
import { FlexibleReader, NO_TAGS } from '../flexible.ts';
import type { FetchRequest } from './fetch-request.ts';

/** The first version with ids: Kafka 3.1. */
export const BY_ID = 13;

const CONSUMER = -1;
const NO_SESSION = 0;
const WITHOUT_SESSION = -1;
const NOT_TOLD = -1;
const NOTHING = Buffer.alloc(0);

export function encodeFetch(given: FetchRequest, topicId: string, isolation: number): Encoder {
  const { partitions, partitionBytes, bytes, wait, rack = '' } = given;
  const topic = new Encoder();
  topic.writeBufferInternal(Buffer.from(topicId, 'hex'));
  topic.writeUVarInt(partitions.length + 1);
  for (const { partition, from } of partitions) {
    topic.writeInt32(partition).writeInt32(NOT_TOLD);
    topic.writeInt64(from).writeInt32(NOT_TOLD).writeInt64(NOT_TOLD);
    topic.writeInt32(partitionBytes).writeInt8(NO_TAGS);
  }
  topic.writeInt8(NO_TAGS);
  // The head of the request, which KafkaJS writes as of old, ends with tags too.
  return new Encoder()
    .writeInt8(NO_TAGS)
    .writeInt32(CONSUMER)
    .writeInt32(wait)
    .writeInt32(1)
    .writeInt32(bytes)
    .writeInt8(isolation)
    .writeInt32(NO_SESSION)
    .writeInt32(WITHOUT_SESSION)
    .writeUVarInt(1 + 1)
    .writeEncoder(topic)
    .writeUVarInt(0 + 1)
    .writeUVarIntString(rack)
    .writeInt8(NO_TAGS);
}

/** @throws RangeError where the answer is cut off. */
export function readFetchById(bytes: Buffer): FetchAnswer {
  const read = new FlexibleReader(bytes);
  read.skipTags();
  const clientSideThrottleTime = read.int32();
  // The code of an error and the id of a session, which is not asked for.
  read.int16();
  read.int32();
  const partition = (): FetchedPartition => {
    const head = { partition: read.int32(), errorCode: read.int16(), highWatermark: String(read.long()) };
    // The last stable offset, and the first offset of the log.
    read.long();
    read.long();
    const aborted = read.list(() => {
      const one = { producerId: read.long(), firstOffset: read.long() };
      read.skipTags();
      return one;
    });
    const found = { ...head, aborted, preferredReadReplica: read.int32(), recordSet: read.bytes() ?? NOTHING };
    read.skipTags();
    return found;
  };
  const responses = read.list(() => {
    const topicName = read.uuid();
    const partitions = read.list(partition);
    read.skipTags();
    return { topicName, partitions };
  });
  return { clientSideThrottleTime, responses };
}
