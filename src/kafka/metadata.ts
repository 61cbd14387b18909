import type Broker from 'kafkajs/src/broker/index.js';
import type { Metadata } from 'kafkajs/src/cluster/brokerPool.js';
import errors from 'kafkajs/src/protocol/error.js';
import requests from 'kafkajs/src/protocol/requests/index.js';

const METADATA = 3;
/** Codes of a partition: no leader, a replica or its listener away. They are told by the partition's leader, -1. */
const PASSING: ReadonlySet<number> = new Set([5, 9, 72]);

/**
 * Which brokers there are, and where the leaders of some topics are; of all topics where none is named. Unlike KafkaJS's
 * own it has an answer also where a partition has no leader: -1 is its number then.
 *
 * @throws for a topic that is not there or may not be read; LEADER_NOT_AVAILABLE for one that is being made.
 */
export async function askMetadata(broker: Broker, topics: readonly string[]): Promise<Metadata> {
  const { allowAutoTopicCreation } = broker;
  const call = broker.lookupRequest(METADATA, requests.requests.Metadata)({ topics, allowAutoTopicCreation });
  const { request, response } = call;
  const decode = (bytes: Buffer) => response.decode(bytes);
  return await broker.connectionPool.send<Metadata>({ request, response: { decode, parse: checked } });
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
