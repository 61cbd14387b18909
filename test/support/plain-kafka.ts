/** A client of the tests' own, which has nothing of ours but KafkaJS. */
import { readFileSync } from 'node:fs';
import kafkajs, {
  type CompressionTypes,
  type Kafka,
  type KafkaConfig,
  type Message,
  type Producer,
  type ProducerConfig,
  type RecordMetadata,
  type SASLOptions,
} from 'kafkajs';
import { quietTimers } from '../../src/kafka/kafkajs/timers.ts';
import type { Parts } from './parts.ts';

/** Brokers, and where they want more than that, the variables that say what. */
export interface Reach {
  readonly brokers: readonly string[];
  readonly env?: Parts['env'];
}

export function plainKafka({ brokers, env = {} }: Reach, options: Partial<KafkaConfig> = {}): Kafka {
  quietTimers();
  const { KAFKA_TLS, KAFKA_TLS_CA, KAFKA_SASL_MECHANISM: mechanism } = env;
  const login = { mechanism, username: env.KAFKA_SASL_USERNAME, password: env.KAFKA_SASL_PASSWORD } as SASLOptions;
  return new kafkajs.Kafka({
    brokers: [...brokers],
    logLevel: kafkajs.logLevel.NOTHING,
    // A handshake and a login take their time where many begin at once.
    connectionTimeout: 10_000,
    ...(KAFKA_TLS === 'true' ? { ssl: KAFKA_TLS_CA === undefined ? true : { ca: readFileSync(KAFKA_TLS_CA) } } : {}),
    ...(mechanism === undefined ? {} : { sasl: login }),
    ...options,
  });
}

export async function plainProducer(reach: Reach, config: ProducerConfig = {}): Promise<Producer> {
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = plainKafka(reach).producer({ createPartitioner, ...config });
  await producer.connect();
  return producer;
}

const partitioner = kafkajs.Partitioners.DefaultPartitioner();

/**
 * Sends messages to a topic of so many partitions, a partition a request: where a request's partitions have several
 * leaders, KafkaJS sends some twice or not at all when one of them moves or does not answer at once.
 */
export async function sendEach(
  sender: Pick<Producer, 'send'>,
  topic: string,
  partitions: number,
  messages: readonly Message[],
  compression?: CompressionTypes,
): Promise<RecordMetadata[]> {
  const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
    ...{ partitionId, leader: 0, partitionErrorCode: 0, replicas: [], isr: [] },
  }));
  const where = (message: Message) => message.partition ?? partitioner({ topic, partitionMetadata, message });
  const acknowledged: RecordMetadata[] = [];
  for (const [partition, own] of Map.groupBy(messages, where)) {
    const placed = own.map((message) => ({ ...message, partition }));
    const told = await sender.send({ topic, messages: placed, ...(compression === undefined ? {} : { compression }) });
    acknowledged.push(...told);
  }
  return acknowledged;
}
