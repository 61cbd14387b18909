/**
 * Sends batches that are written by us through KafkaJS's producer. What it does of a transaction stays its: producer id
 * and epoch, sequences, which partitions are in it, what is tried again. It gets to see a batch as a list of as many
 * messages as there are records, and never looks into it.
 */
import Broker, { type Call, type ConnectionPool } from 'kafkajs/src/broker/index.js';
import requests from 'kafkajs/src/protocol/requests/index.js';
import type { BatchWriter } from './batch-writer.ts';

const PRODUCE = 0;
/** Versions of the request that have record batches of format 2, and are written alike. */
const OLDEST = 3;
const NEWEST = 7;

/** One batch for one partition, in place of the array of messages that KafkaJS asks for. */
export class BatchToSend {
  readonly partition: number;
  readonly batch: BatchWriter;
  /** Of all its records, ms. */
  readonly timestamp: number;

  constructor(partition: number, batch: BatchWriter, timestamp: number) {
    this.partition = partition;
    this.batch = batch;
    this.timestamp = timestamp;
  }

  /** KafkaJS counts sequences by it. */
  get length(): number {
    return this.batch.length;
  }
}

/** The batches of one topic in one request, in place of the array of messages that KafkaJS asks for. */
export class BatchesToSend {
  readonly #batches: readonly BatchToSend[];

  constructor(batches: readonly BatchToSend[]) {
    this.#batches = batches;
  }

  /** KafkaJS looks for a message without a value. */
  find(): undefined {
    return undefined;
  }

  /** KafkaJS deals messages out to partitions. */
  reduce(): Record<number, BatchToSend> {
    return Object.fromEntries(this.#batches.map((batch) => [batch.partition, batch]));
  }
}

interface Request {
  readonly acks: number;
  readonly timeout?: number;
  readonly transactionalId?: string;
  readonly producerId: string | number | bigint;
  readonly producerEpoch: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly firstSequence: number;
      readonly messages: BatchToSend | readonly unknown[];
    }[];
  }[];
}

const produce = Broker.prototype.produce;

/** Has brokers send our batches as they are. May be called any number of times. */
export function sendBatches(): void {
  Broker.prototype.produce = async function (given) {
    const request = given as Request;
    const ours = request.topicData.some(({ partitions }) =>
      partitions.some(({ messages }) => messages instanceof BatchToSend),
    );
    if (!ours) return produce.call(this, given);
    const call = this.lookupRequest(PRODUCE, requests.requests.Produce)({ timeout: TIMEOUT, ...given });
    const { apiVersion } = call.request;
    if (apiVersion < OLDEST || apiVersion > NEWEST) {
      throw new Error(`requests to produce of version ${apiVersion} are not written: run Kafka 0.11 or newer`);
    }
    try {
      return await sendParts(this.connectionPool, call, encoded(request));
    } catch (error) {
      if ((error as Error).name === 'KafkaJSConnectionClosedError') await this.disconnect();
      throw error;
    }
  };
}

/** ms for the replicas of a partition to have it all; KafkaJS's own. */
const TIMEOUT = 30_000;

/** The body of the request. The batches are not copied. */
function encoded({
  acks,
  timeout = TIMEOUT,
  transactionalId,
  topicData,
  producerId,
  producerEpoch,
}: Request): Buffer[] {
  const parts: Buffer[] = [text(transactionalId ?? null), int16(acks), int32(timeout), int32(topicData.length)];
  for (const { topic, partitions } of topicData) {
    parts.push(text(topic), int32(partitions.length));
    for (const { partition, firstSequence, messages } of partitions) {
      const { batch, timestamp } = messages as BatchToSend;
      const bytes = batch.finish({ producerId, producerEpoch, firstSequence }, timestamp);
      parts.push(int32(partition), int32(bytes.length), bytes);
    }
  }
  return parts;
}

/**
 * What KafkaJS's connections do with a request, but for joining its parts: that took two buffers of a megabyte for each,
 * filled with zeros first, and as much time as all the rest.
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
