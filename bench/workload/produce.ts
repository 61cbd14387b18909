/** Sends record batches as they are: over KafkaJS's connections, past its producer. */
import type { Broker, Cluster } from 'kafkajs';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import response from 'kafkajs/src/protocol/requests/produce/v7/response.js';

/** Where a batch went. */
export interface Appended {
  readonly partition: number;
  readonly offset: number;
  /** ms; null where the topic keeps the producer's times. */
  readonly appendTime: number | null;
}

type Batches = ReadonlyMap<number, Buffer>;
type Answer = Awaited<ReturnType<typeof response.parse>>;

const PRODUCE = 0;
const VERSION = 7;
const ALL_REPLICAS = -1;
const WITHIN_MS = 30_000;

/** One request to each leader. The buffers are read before the promise is returned. @throws the broker's refusal. */
export async function produce(cluster: Cluster, topic: string, batches: Batches): Promise<Appended[]> {
  const leaders = Object.entries(cluster.findLeaderForPartitions(topic, [...batches.keys()]));
  const answers = await Promise.all(
    leaders.map(async ([nodeId, partitions]) => {
      const body = encode(topic, new Map(partitions.map((partition) => [partition, batches.get(partition)!])));
      return send(await cluster.findBroker({ nodeId }), body);
    }),
  );
  return answers
    .flatMap(({ topics }) => topics[0]?.partitions ?? [])
    .map(({ partition, baseOffset, logAppendTime }) => ({
      partition,
      offset: Number(baseOffset),
      appendTime: Number(logAppendTime) < 0 ? null : Number(logAppendTime),
    }));
}

function encode(topic: string, batches: Batches): Encoder {
  let size = 64 + topic.length;
  for (const batch of batches.values()) size += batch.length + 8;
  const body = new Encoder(size)
    .writeString(null) // no transaction
    .writeInt16(ALL_REPLICAS)
    .writeInt32(WITHIN_MS)
    .writeInt32(1)
    .writeString(topic)
    .writeInt32(batches.size);
  for (const [partition, batch] of batches) {
    body.writeInt32(partition).writeInt32(batch.length);
    body.writeBufferInternal(batch);
  }
  return body;
}

async function send(broker: Broker, body: Encoder): Promise<Answer> {
  const { connectionPool } = broker as unknown as {
    connectionPool: { send(request: object): Promise<Answer> };
  };
  return await connectionPool.send({
    request: {
      apiKey: PRODUCE,
      apiVersion: VERSION,
      apiName: 'Produce',
      expectResponse: () => true,
      encode: async () => body,
    },
    response,
  });
}
