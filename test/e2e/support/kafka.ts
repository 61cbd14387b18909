import kafkajs, { type Kafka, type Producer, type ProducerConfig } from 'kafkajs';
import { quietTimers } from '../../../src/kafka/timers.ts';

/** A client of the tests' own. */
export function plainKafka(brokers: readonly string[]): Kafka {
  quietTimers();
  return new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
}

export async function plainProducer(brokers: readonly string[], config: ProducerConfig = {}): Promise<Producer> {
  const createPartitioner = kafkajs.Partitioners.DefaultPartitioner;
  const producer = plainKafka(brokers).producer({ createPartitioner, ...config });
  await producer.connect();
  return producer;
}
