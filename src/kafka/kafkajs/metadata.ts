/**
 * Metadata: which brokers there are, and which of them leads what. Written for KafkaJS 2.2.4; held by
 * test/kafka/kafkajs/brokers.unit.test.ts.
 */
import type { default as Broker, Call } from 'kafkajs/src/broker/index.js';
import type { Metadata } from 'kafkajs/src/cluster/brokerPool.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import errors from 'kafkajs/src/protocol/error.js';
import requests from 'kafkajs/src/protocol/requests/index.js';
import { FlexibleReader, NO_TAGS } from '../flexible.ts';

const METADATA = 3;
/**
 * The version of the request whose answer has the ids of topics: Kafka 3.1. Earlier ones that have them have other
 * fields.
 */
const WITH_IDS = 12;
/** A broker sends this where the topic has no id. */
const NO_ID = '0'.repeat(32);
/** Codes of a partition: no leader, a replica or its listener away. Its leader, -1, stands for them. */
const PASSING: ReadonlySet<number> = new Set([5, 9, 72]);

/**
 * Asks which brokers there are, and where the leaders of some topics are; of all topics where none is named. Unlike
 * KafkaJS's own request it has an answer also where a partition has no leader: that is -1 then.
 *
 * @throws for a topic that is not there or may not be read; LEADER_NOT_AVAILABLE for one that is being made.
 */
export async function askMetadata(broker: Broker, topics: readonly string[]): Promise<Metadata> {
  const { allowAutoTopicCreation } = broker;
  if ((broker.versions?.[METADATA]?.maxVersion ?? 0) >= WITH_IDS) {
    return await broker.connectionPool.send<Metadata>({
      request: {
        ...{ apiKey: METADATA, apiVersion: WITH_IDS, apiName: 'Metadata' },
        encode: async () => encoded(topics, allowAutoTopicCreation),
      } as Call['request'],
      response: { decode: async (bytes) => decoded(bytes), parse: checked },
    });
  }
  const call = broker.lookupRequest(METADATA, requests.requests.Metadata)({ topics, allowAutoTopicCreation });
  const { request, response } = call;
  const decode = (bytes: Buffer) => response.decode(bytes);
  return await broker.connectionPool.send<Metadata>({ request, response: { decode, parse: checked } });
}

function encoded(topics: readonly string[], makes: boolean): Encoder {
  // The head of the request, which KafkaJS writes as of old, ends with tags too. A list that is null asks for all.
  const body = new Encoder().writeInt8(NO_TAGS).writeUVarInt(topics.length === 0 ? 0 : topics.length + 1);
  for (const topic of topics) {
    body.writeBufferInternal(Buffer.alloc(16));
    body.writeUVarIntString(topic).writeInt8(NO_TAGS);
  }
  const ofTopics = false;
  return body.writeBoolean(makes).writeBoolean(ofTopics).writeInt8(NO_TAGS);
}

function decoded(bytes: Buffer): Metadata & { readonly topicMetadata: readonly Coded[] } {
  const read = new FlexibleReader(bytes);
  read.skipTags();
  const clientSideThrottleTime = read.int32();
  const brokers = read.list(() => {
    const broker = { nodeId: read.int32(), host: read.text()!, port: read.int32(), rack: read.text() };
    read.skipTags();
    return broker;
  });
  const [clusterId, controllerId] = [read.text(), read.int32()];
  const partition = () => {
    const head = { partitionErrorCode: read.int16(), partitionId: read.int32(), leader: read.int32() };
    read.int32(); // the leader's epoch
    const [replicas, isr, offlineReplicas] = [1, 2, 3].map(() => read.list(() => read.int32()));
    read.skipTags();
    return { ...head, replicas: replicas!, isr: isr!, offlineReplicas: offlineReplicas! };
  };
  const topicMetadata = read.list(() => {
    const head = { topicErrorCode: read.int16(), topic: read.text()!, topicId: read.uuid() };
    const isInternal = read.int8() === 1;
    const partitionMetadata = read.list(partition);
    read.int32(); // what this user may do
    read.skipTags();
    return { ...head, topicId: head.topicId === NO_ID ? null : head.topicId, isInternal, partitionMetadata };
  });
  return { throttleTime: 0, clientSideThrottleTime, brokers, clusterId, controllerId, topicMetadata } as Metadata & {
    readonly topicMetadata: readonly Coded[];
  };
}

async function checked(metadata: Metadata & { readonly topicMetadata: readonly Coded[] }): Promise<Metadata> {
  for (const { topicErrorCode, partitionMetadata } of metadata.topicMetadata) {
    if (errors.failure(topicErrorCode)) throw errors.createErrorFromCode(topicErrorCode);
    for (const { partitionErrorCode: code } of partitionMetadata) {
      if (errors.failure(code) && !PASSING.has(code)) throw errors.createErrorFromCode(code);
    }
  }
  return metadata;
}

interface Coded {
  readonly topicErrorCode: number;
  readonly partitionMetadata: readonly { readonly partitionErrorCode: number }[];
}
