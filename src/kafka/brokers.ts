/**
 * How a client of KafkaJS finds its way among brokers of which some do not answer. KafkaJS asks one that it holds for
 * connected, or the first of the list, and waits for `requestTimeout`; it closes connections to those that are gone
 * in good order, which takes as long; and one partition without a leader keeps from it where all the others are.
 *
 * Here the next broker is asked once one has been silent for a second; and a broker that is silent and that another does
 * not name any more is let go of at once: what is under way to it fails as if it had been killed.
 */
import kafkajs from 'kafkajs';
import type Broker from 'kafkajs/src/broker/index.js';
import BrokerPool, { type Metadata } from 'kafkajs/src/cluster/brokerPool.js';
import { messageOf } from '../ports/errors.ts';
import { abandon, hangUp, isSilent, SILENT } from './connections.ts';
import { firstAnswer } from './hedge.ts';
import { askMetadata } from './metadata.ts';

/** While a broker is silent another is asked for news this often, ms. */
const ASK_EVERY = 1_000;

/** Answered when all members of the group have come. */
const MAY_WAIT: ReadonlySet<string> = new Set(['JoinGroup', 'SyncGroup']);

const asked = new WeakMap<BrokerPool, number>();
/** Those that are tried to be connected to, none of which is in the pool yet. */
const trying = new WeakMap<BrokerPool, readonly Broker[]>();
/** What was under way when it was disconnected must not connect it again. */
const closed = new WeakSet<BrokerPool>();
const { disconnect } = BrokerPool.prototype;

/** Changes how KafkaJS's clients find brokers. May be called any number of times. */
export function findBrokersInTime(): void {
  Object.assign(BrokerPool.prototype, {
    async connect(this: BrokerPool): Promise<void> {
      closed.delete(this);
      if (!this.hasConnectedBrokers()) await connectSeed(this);
    },
    async disconnect(this: BrokerPool): Promise<void> {
      closed.add(this);
      for (const broker of trying.get(this) ?? []) abandon(broker, closedError());
      await disconnect.call(this);
    },
    async refreshMetadata(this: BrokerPool, topics: readonly string[]): Promise<void> {
      await this.retrier(async (bail) => {
        try {
          await adopt(this, await askAnyone(this, (broker) => askMetadata(broker, topics), isAnswer));
        } catch (error) {
          // A topic that is being made.
          if ((error as { type?: string }).type === 'LEADER_NOT_AVAILABLE') throw error;
          bail(error as Error);
        }
      });
    },
    async findConnectedBroker(this: BrokerPool): Promise<Broker> {
      return await askAnyone(this, async (broker) => broker, isAnswer);
    },
    async withBroker<T>(this: BrokerPool, ask: (of: { nodeId: string; broker: Broker }) => Promise<T>) {
      try {
        return await askAnyone(
          this,
          (broker) => ask({ nodeId: String(broker.nodeId), broker }),
          () => false,
        );
      } catch (error) {
        this.logger.debug(messageOf(error));
        return null;
      }
    },
  });
}

/**
 * Asks one broker after the other until one answers; those that owe an answer to another question last. Where none of
 * those that are known can be reached, the ones of the configuration are tried.
 *
 * @param isFinal an error that is an answer too.
 * @throws what the last one said.
 */
export async function askAnyone<T>(
  pool: BrokerPool,
  ask: (broker: Broker) => Promise<T>,
  isFinal: (error: Error) => boolean,
): Promise<T> {
  if (closed.has(pool)) throw closedError();
  const known = inOrder(Object.values(pool.brokers));
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

/** Whoever can answer at once comes first; otherwise anyone, so that not one broker is asked by all. */
function inOrder(brokers: readonly Broker[]): Broker[] {
  const rank = (broker: Broker) => (isSilent(broker) ? 2 : broker.isConnected() ? 0 : 1);
  return brokers
    .map((broker) => ({ broker, rank: rank(broker) + Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ broker }) => broker);
}

/** Whether a broker said so, and not the way to it. */
export function isAnswer(error: Error): boolean {
  return (error as { readonly type?: string }).type !== undefined || error.name === 'KafkaJSSASLAuthenticationError';
}

/** KafkaJS's names for it. */
const OF_CONNECTION = /^KafkaJS(Connection|RequestTimeout|LockTimeout|BrokerNotFound|NumberOfRetriesExceeded)/;

function isOfConnection(error: unknown): boolean {
  return OF_CONNECTION.test((error as Error).name);
}

/** Connects to the first of the configured brokers that answers. */
async function connectSeed(pool: BrokerPool): Promise<void> {
  await pool.retrier(async (bail) => {
    if (closed.has(pool)) return bail(closedError());
    const before = pool.seedBroker;
    const said = new Map<string, string>();
    try {
      const connected = async (broker: Broker) => {
        try {
          await broker.connect();
          return broker;
        } catch (error) {
          said.set(broker.brokerAddress, messageOf(error).replace(/^Connection error: /, ''));
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
      const failed = isOfConnection(error) ? noneAnswers(said, error as Error) : (error as Error);
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

function isRetriable(error: Error): boolean {
  return (error as { readonly retriable?: boolean }).retriable !== false;
}

function noneAnswers(said: ReadonlyMap<string, string>, cause: Error): Error {
  if (said.size < 2) return cause;
  const all = [...said].map(([broker, error]) => (error.includes(broker) ? error : `${broker}: ${error}`));
  const { broker = '', code = '' } = cause as { readonly broker?: string; readonly code?: string };
  const error = new kafkajs.KafkaJSConnectionError(`No broker answers: ${all.join('; ')}`, { broker, code });
  return Object.assign(error, { cause });
}

/** The brokers of the configuration, each once, beginning with another one each time. */
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

/** Takes over which brokers there are, and where the leaders are. */
async function adopt(pool: BrokerPool, metadata: Metadata): Promise<void> {
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

/** Its silence is heard from now on, and has an end. */
function attended(pool: BrokerPool, broker: Broker): Broker {
  for (const connection of broker.connectionPool.pool) {
    connection.requestQueue.onSilence = (asked) => void suspect(pool, broker, asked);
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
  const others = inOrder(Object.values(pool.brokers)).filter((broker) => broker !== silent && !isSilent(broker));
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
