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
 * Who asks. Consumers are told of what all replicas in sync have: a record stands in the leader's log, with its stamp, for as
 * long as the brokers take to notice that a replica is gone before it is visible. A replica that only looks on, for
 * debugging, is told where the log itself ends. Brokers that do not know it answer as they do a consumer.
 */
export const CONSUMER = -1;
export const ONLOOKER = -2;

/**
 * Offsets of the first records at or after a time of some partitions of a topic, asked of one broker: the offset, -1
 * where there is none so late, or why the broker cannot say. Unlike KafkaJS's own, one partition that it does not lead
 * fails none of the others.
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
