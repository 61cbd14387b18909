/**
 * The first connection of a client: to whichever of the configured brokers answers first, where KafkaJS tries one after
 * the other and waits for each. Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts.
 */
import kafkajs from 'kafkajs';
import type Broker from 'kafkajs/src/broker/index.js';
import type BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import { messageOf } from '../../ports/errors.ts';
import { firstAnswer } from '../hedge.ts';
import { abandon, SILENT } from './connections.ts';
import { isAnswer, isOfConnection, isRetriable } from './error-kinds.ts';
import { attended } from './known-brokers.ts';

/** Brokers that are being connected to, none of which is in the pool yet. */
const trying = new WeakMap<BrokerPool, readonly Broker[]>();
/** What was under way when a pool was disconnected must not connect it again. */
const closed = new WeakSet<BrokerPool>();

export function reopen(pool: BrokerPool): void {
  closed.delete(pool);
}

/** Nothing connects the pool again before it is opened again. */
export function shut(pool: BrokerPool): void {
  closed.add(pool);
  for (const broker of trying.get(pool) ?? []) abandon(broker, closedError());
}

export function mustBeOpen(pool: BrokerPool): void {
  if (closed.has(pool)) throw closedError();
}

/** Connects to the first of the configured brokers that answers. */
export async function connectSeed(pool: BrokerPool): Promise<void> {
  await pool.retrier(async (bail) => {
    if (closed.has(pool)) return bail(closedError());
    const before = pool.seedBroker;
    const failures = new Map<string, string>();
    try {
      const connected = async (broker: Broker) => {
        try {
          await broker.connect();
          return broker;
        } catch (error) {
          failures.set(broker.brokerAddress, messageOf(error).replace(/^Connection error: /, ''));
          throw error;
        }
      };
      const seeds = await seedsOf(pool);
      trying.set(pool, seeds);
      const seed = await firstAnswer(seeds, connected, SILENT, (error) => isAnswer(error) && !isRetriable(error));
      for (const other of seeds) if (other !== seed) abandon(other, new Error('another broker was faster'));
      pool.seedBroker = seed;
      pool.versions = seed.versions;
      pool.unreachable = null;
    } catch (error) {
      const failed = isOfConnection(error) ? noneAnswers(failures, error as Error) : (error as Error);
      pool.unreachable = failed;
      if (isRetriable(failed)) throw failed;
      bail(failed);
      return;
    }
    if (before && !Object.values(pool.brokers).includes(before)) void before.disconnect().catch(() => {});
  });
}

function closedError(): Error {
  return new kafkajs.KafkaJSNonRetriableError('The client is closed');
}

function noneAnswers(failures: ReadonlyMap<string, string>, cause: Error): Error {
  if (failures.size < 2) return cause;
  const all = [...failures].map(([broker, error]) => (error.includes(broker) ? error : `${broker}: ${error}`));
  const { broker = '', code = '' } = cause as { readonly broker?: string; readonly code?: string };
  const error = new kafkajs.KafkaJSConnectionError(`No broker answers: ${all.join('; ')}`, { broker, code });
  return Object.assign(error, { cause });
}

/** The configured brokers, each once, beginning with another one each time. */
async function seedsOf(pool: BrokerPool): Promise<Broker[]> {
  const seeds: Broker[] = [];
  const seen = new Set<string>();
  for (;;) {
    const connectionPool = await pool.connectionPoolBuilder.build();
    const place = `${connectionPool.host}:${connectionPool.port}`;
    if (seen.has(place)) return seeds;
    seen.add(place);
    seeds.push(attended(pool, pool.createBroker({ connectionPool, logger: pool.rootLogger })));
  }
}
