/**
 * Fetches. KafkaJS's own decoder costs more than all else that is done with a record. Written for KafkaJS 2.2.4; held
 * by test/kafka/kafkajs/brokers.unit.test.ts.
 */
import type { Broker as AnyBroker } from 'kafkajs';
import type { default as Broker, Call } from 'kafkajs/src/broker/index.js';
import requests from 'kafkajs/src/protocol/requests/index.js';
import { type FetchAnswer, NEWEST, OLDEST, readFetchAnswer } from '../fetch-answer.ts';
import { BY_ID, encodeFetch, readFetchById } from './fetch-by-id.ts';
import type { FetchRequest } from './fetch-request.ts';

const FETCH = 1;
const READ_COMMITTED = 1;

/**
 * The records that a broker has of some partitions of a topic, read committed, as bytes. Each partition of the answer
 * has a code of its own, which is left to the caller: in KafkaJS the first that is not success fails all of them.
 *
 * @throws where the broker cannot be asked.
 */
export async function fetchFrom(broker: AnyBroker, given: FetchRequest): Promise<FetchAnswer> {
  const { topic, topicId, partitions, partitionBytes, bytes, wait, rack = '' } = given;
  const { connectionPool, lookupRequest, versions } = broker as unknown as Broker;
  if (topicId && (versions?.[FETCH]?.maxVersion ?? 0) >= BY_ID) {
    const encode = async () => encodeFetch(given, topicId, READ_COMMITTED);
    return await connectionPool.send<FetchAnswer>({
      request: { apiKey: FETCH, apiVersion: BY_ID, apiName: 'Fetch', encode } as Call['request'],
      response: { decode: async (answer) => readFetchById(answer), parse: async (answer) => answer },
    });
  }
  const { request, requestTimeout } = lookupRequest(
    FETCH,
    requests.requests.Fetch,
  )({
    isolationLevel: READ_COMMITTED,
    maxWaitTime: wait,
    minBytes: 1,
    maxBytes: bytes,
    rackId: rack,
    topics: [
      {
        topic,
        partitions: partitions.map(({ partition, from }) => ({
          ...{ partition, fetchOffset: String(from), maxBytes: partitionBytes },
        })),
      },
    ],
  });
  const { apiVersion } = request;
  if (apiVersion < OLDEST || apiVersion > NEWEST) {
    throw new Error(`fetches of version ${apiVersion} are not read: run Kafka 0.11 or newer`);
  }
  return await connectionPool.send<FetchAnswer>({
    request,
    ...(requestTimeout === undefined ? {} : { requestTimeout }),
    response: {
      decode: async (answer) => readFetchAnswer(answer, apiVersion),
      parse: async (answer) => answer,
    },
  });
}
