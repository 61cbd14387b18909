/** Questions that any broker can answer. Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts. */
import type Broker from 'kafkajs/src/broker/index.js';
import type BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import { firstAnswer } from '../hedge.ts';
import { SILENT } from './connections.ts';
import { isOfConnection } from './error-kinds.ts';
import { likeliestFirst } from './known-brokers.ts';
import { connectSeed, mustBeOpen } from './seeds.ts';

/**
 * Asks one broker after the other until one answers; those that owe an answer to another question last. Where none of
 * those that are known can be reached, the configured ones are tried.
 *
 * @param isFinal an error that is an answer too.
 * @throws the last one's error.
 */
export async function askAnyone<T>(
  pool: BrokerPool,
  ask: (broker: Broker) => Promise<T>,
  isFinal: (error: Error) => boolean,
): Promise<T> {
  mustBeOpen(pool);
  const known = likeliestFirst(Object.values(pool.brokers));
  if (known.length > 0) {
    const connectAndAsk = async (broker: Broker) => {
      await pool.connectBroker(broker);
      return await ask(broker);
    };
    try {
      return await firstAnswer(known, connectAndAsk, SILENT, isFinal);
    } catch (error) {
      if (isFinal(error as Error) || !isOfConnection(error)) throw error;
    }
  }
  if (known.length > 0 || !pool.seedBroker?.isConnected()) await connectSeed(pool);
  return await ask(pool.seedBroker!);
}
