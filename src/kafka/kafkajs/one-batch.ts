/**
 * Sends a record batch as its bytes are, in a request of its own. KafkaJS would make a dozen buffers of each record,
 * and puts what goes to several partitions of a broker into one request, of which it cannot send a part again.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/output.int.test.ts.
 */
import type { Call, ConnectionPool, default as KafkaBroker } from 'kafkajs/src/broker/index.js';
import requests from 'kafkajs/src/protocol/requests/index.js';
import type { ProduceRequest } from '../produce/brokers.ts';

const PRODUCE = 0;
/** Versions of the request that have record batches of format 2, and are written alike. */
const OLDEST = 3;
const NEWEST = 7;
/** All replicas that are in sync. */
const ACKS = -1;

interface Answer {
  readonly topics: readonly { readonly partitions: readonly { readonly baseOffset: string }[] }[];
}

/**
 * @param timeout ms that the replicas may take to have it all.
 * @returns the offset of the first record.
 * @throws as KafkaJS does, with the broker's `type` where it answered.
 */
export async function produceBatch(broker: KafkaBroker, request: ProduceRequest, timeout: number): Promise<number> {
  const call = broker.lookupRequest(PRODUCE, requests.requests.Produce)({ timeout });
  const { apiVersion } = call.request;
  if (apiVersion < OLDEST || apiVersion > NEWEST) {
    throw new Error(`requests to produce of version ${apiVersion} are not written: run Kafka 0.11 or newer`);
  }
  try {
    const { topics } = (await sendParts(broker.connectionPool, call, encoded(request, timeout))) as Answer;
    const offset = Number(topics[0]?.partitions[0]?.baseOffset ?? Number.NaN);
    if (!(offset >= 0)) throw new Error('the broker acknowledged a batch and did not say where it is');
    return offset;
  } catch (error) {
    if ((error as Error).name === 'KafkaJSConnectionClosedError') await broker.disconnect();
    throw error;
  }
}

/** The body of the request. The batch is not copied. */
function encoded({ transactionalId, topic, partition, batch }: ProduceRequest, timeout: number): Buffer[] {
  const head = [text(transactionalId), int16(ACKS), int32(timeout), int32(1), text(topic), int32(1), int32(partition)];
  return [Buffer.concat([...head, int32(batch.length)]), batch];
}

/**
 * Does with a request what KafkaJS's connections do, except for joining its parts: that took two buffers of a megabyte
 * for each, filled with zeros first, and as much time as all the rest.
 */
async function sendParts(pool: ConnectionPool, { request, response }: Call, body: readonly Buffer[]): Promise<unknown> {
  const { apiKey, apiVersion, apiName } = request;
  const connection = await pool.getConnectionByRequest({ request });
  if (!connection.isAuthenticated()) await connection.authenticate();
  connection.failIfNotConnected();
  const correlationId = connection.nextCorrelationId();
  const head = Buffer.concat([int16(apiKey), int16(apiVersion), int32(correlationId), text(connection.clientId)]);
  const parts = [int32(body.reduce((bytes, part) => bytes + part.length, head.length)), head, ...body];
  const { payload } = await new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: null,
      sendRequest: () => {
        const { socket } = connection;
        socket.cork();
        for (const part of parts) socket.write(part);
        socket.uncork();
      },
    });
  });
  const answer = await response.decode(payload);
  connection.requestQueue.maybeThrottle(answer.clientSideThrottleTime ?? null);
  return response.parse(answer);
}

function text(value: string | null): Buffer {
  if (value === null) return int16(-1);
  const bytes = Buffer.from(value);
  return Buffer.concat([int16(bytes.length), bytes]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
