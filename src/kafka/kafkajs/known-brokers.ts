/**
 * The brokers that a client knows, and what it does when one of them is silent: it asks another whether that one is
 * still there. Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts.
 */
import kafkajs from 'kafkajs';
import type Broker from 'kafkajs/src/broker/index.js';
import type BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import type { Metadata } from 'kafkajs/src/cluster/brokerPool.js';
import { messageOf } from '../../ports/errors.ts';
import { firstAnswer } from '../hedge.ts';
import { abandon, hangUp, isSilent, SILENT } from './connections.ts';
import { isAnswer } from './error-kinds.ts';
import { askMetadata } from './metadata.ts';

/** While a broker is silent another is asked for news this often, ms. */
const ASK_EVERY = 1_000;

/** The coordinator answers these when all members of the group have come. */
const MAY_WAIT: ReadonlySet<string> = new Set(['JoinGroup', 'SyncGroup']);

/** When another broker was asked last. */
const asked = new WeakMap<BrokerPool, number>();

/** Brokers that can answer at once come first; among equals any, so that not one broker is asked by all clients. */
export function likeliestFirst(brokers: readonly Broker[]): Broker[] {
  const rank = (broker: Broker) => (isSilent(broker) ? 2 : broker.isConnected() ? 0 : 1);
  return brokers
    .map((broker) => ({ broker, rank: rank(broker) + Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ broker }) => broker);
}

/** Takes over which brokers there are, and where the leaders are. */
export async function adopt(pool: BrokerPool, metadata: Metadata): Promise<void> {
  if (metadata.brokers.length === 0) throw new kafkajs.KafkaJSError('A broker knows of no broker');
  const listed = new Map(metadata.brokers.map((place) => [String(place.nodeId), place]));
  const isListed = (broker: Broker) => {
    const place = listed.get(String(broker.nodeId));
    return place !== undefined && isAt(broker, place);
  };
  const made = new Map<string, Broker>();
  for (const [nodeId, place] of listed) {
    const known = pool.brokers[nodeId];
    if (known === undefined || !isListed(known)) made.set(nodeId, await brokerAt(pool, place));
  }
  // From here on nothing waits: others see all of it or nothing.
  for (const [nodeId, broker] of Object.entries(pool.brokers)) {
    if (isListed(broker)) continue;
    delete pool.brokers[nodeId];
    if (pool.seedBroker === broker) pool.seedBroker = undefined;
    const { brokerAddress } = broker;
    if (broker.isConnected()) pool.logger.warn(`broker ${brokerAddress} is let go of: no other names it`);
    abandon(broker, new kafkajs.KafkaJSConnectionError('No other broker names it', { broker: brokerAddress }));
  }
  for (const [nodeId, broker] of made) pool.brokers[nodeId] ??= broker;
  for (const [nodeId, { rack }] of listed) pool.brokers[nodeId]!.connectionPool.rack = rack;
  pool.metadata = metadata;
  pool.metadataExpireAt = Date.now() + pool.metadataMaxAge;
  pool.onMetadata?.();
}

async function brokerAt(pool: BrokerPool, place: Metadata['brokers'][number]): Promise<Broker> {
  const { seedBroker: seed, rootLogger: logger, versions } = pool;
  const { nodeId } = place;
  if (seed !== undefined && (seed.nodeId === null || seed.nodeId === nodeId) && isAt(seed, place)) {
    seed.nodeId = nodeId;
    return seed;
  }
  const connectionPool = await pool.connectionPoolBuilder.build(place);
  return attended(pool, pool.createBroker({ connectionPool, logger, versions, nodeId }));
}

function isAt({ connectionPool }: Broker, { host, port }: { readonly host: string; readonly port: number }): boolean {
  return connectionPool.host === host && connectionPool.port === port;
}

/** From now on the broker's silence is noticed, and has an end. */
export function attended(pool: BrokerPool, broker: Broker): Broker {
  for (const connection of broker.connectionPool.pool) {
    connection.requestQueue.onSilence = (request) => void suspect(pool, broker, request);
    connection.requestQueue.hangUp = (error) => hangUp(connection, error);
  }
  return broker;
}

/** A broker does not answer: another may know that it is gone. */
async function suspect(pool: BrokerPool, silent: Broker, request: string): Promise<void> {
  const now = performance.now();
  if (now - (asked.get(pool) ?? 0) < ASK_EVERY) return;
  asked.set(pool, now);
  const text = `broker ${silent.brokerAddress} does not answer: another is asked whether it is still there`;
  pool.logger[MAY_WAIT.has(request) ? 'debug' : 'warn'](text, { request });
  const topics = (pool.metadata?.topicMetadata ?? []).map(({ topic }) => topic);
  const others = likeliestFirst(Object.values(pool.brokers)).filter((broker) => broker !== silent && !isSilent(broker));
  if (topics.length === 0 || others.length === 0) return;
  try {
    const ask = async (broker: Broker) => {
      await pool.connectBroker(broker);
      return await askMetadata(broker, topics);
    };
    await adopt(pool, await firstAnswer(others, ask, SILENT, isAnswer));
  } catch (error) {
    pool.logger.debug(`no other broker answers either: ${messageOf(error)}`);
  }
}
