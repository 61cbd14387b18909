/**
 * Offsets by a time, asked of one broker. Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts.
 */
import type { Broker as AnyBroker } from 'kafkajs';
import type Broker from 'kafkajs/src/broker/index.js';
import errors from 'kafkajs/src/protocol/error.js';
import requests from 'kafkajs/src/protocol/requests/index.js';

const LIST_OFFSETS = 2;
const READ_UNCOMMITTED = 0;
/** In place of a time, ms. */
export const EARLIEST = -2;
export const LATEST = -1;

/**
 * The asker, as the request names it. A consumer gets the end of what all replicas in sync have: a record stands in the
 * leader's log, with its stamp, before it is visible, for as long as the brokers take to notice that a replica is gone.
 * A replica that only looks on, for debugging, gets the end of the log itself. Brokers that do not know it answer as to
 * a consumer.
 */
export const CONSUMER = -1;
export const ONLOOKER = -2;

/**
 * Offsets of the first records at or after a time of some partitions of a topic: the offset, -1 where there is none so
 * late, or the broker's error. Unlike in KafkaJS's own request, one partition that it does not lead fails none of the
 * others.
 */
export async function listOffsets(
  broker: AnyBroker,
  topic: string,
  partitions: readonly number[],
  timestamp: number,
  replicaId = CONSUMER,
): Promise<Map<number, number | Error>> {
  const { lookupRequest, connectionPool } = broker as unknown as Broker;
  const { request, response } = lookupRequest(
    LIST_OFFSETS,
    requests.requests.ListOffsets,
  )({
    replicaId,
    isolationLevel: READ_UNCOMMITTED,
    topics: [{ topic, partitions: partitions.map((partition) => ({ partition, timestamp })) }],
  });
  const { responses } = await connectionPool.send<Answer>({
    request,
    response: { decode: (bytes) => response.decode(bytes), parse: async (answer) => answer },
  });
  const found = new Map<number, number | Error>();
  for (const { partition, errorCode, offset } of responses.flatMap((each) => each.partitions)) {
    found.set(partition, errors.failure(errorCode) ? errors.createErrorFromCode(errorCode) : Number(offset));
  }
  return found;
}

interface Answer {
  readonly responses: readonly {
    readonly partitions: readonly {
      readonly partition: number;
      readonly errorCode: number;
      readonly offset: string;
    }[];
  }[];
}
