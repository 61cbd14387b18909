import type { Broker, Cluster } from 'kafkajs';
import { wallClock } from '../time/clock.ts';
import { within } from '../time/waiting.ts';
import { CONSUMER, EARLIEST, LATEST, listOffsets, ONLOOKER } from './kafkajs/list-offsets.ts';

export interface Bounds {
  /** Offset of the oldest record that is kept. */
  readonly earliest: number;
  /** Offset that the next record will get: the high watermark, which records of open transactions count towards. */
  readonly end: number;
}

/** How long each broker may take where the answers of the others are of use without it, ms. */
const EACH = 1_000;
/** How much longer than the leader the other replicas may take, ms. */
const REPLICAS = 300;

/** Passes as soon as the brokers have elected a leader. */
export class NoLeader extends Error {
  override readonly name = 'NoLeader';
  readonly retriable = true;
}

/** The partitions of a topic, in order. @throws where the topic is not there. */
export async function partitionsOf(cluster: Cluster, topic: string): Promise<number[]> {
  await cluster.addMultipleTargetTopics([topic]);
  await cluster.refreshMetadataIfNecessary();
  return cluster
    .findTopicPartitionMetadata(topic)
    .map(({ partitionId }) => partitionId)
    .sort((a, b) => a - b);
}

/** The broker that leads a partition, connected. @throws NoLeader; where the topic has no such partition. */
export async function leaderOf(cluster: Cluster, topic: string, partition: number): Promise<Broker> {
  const { leader } = await metadataOf(cluster, topic, partition);
  if (leader < 0) throw new NoLeader(`partition ${partition} of ${topic} has no leader`);
  return await cluster.findBroker({ nodeId: String(leader) });
}

/** Bounds of some partitions of a topic, or of all. @throws where those of one cannot be had. */
export async function boundsOf(
  cluster: Cluster,
  topic: string,
  only?: readonly number[],
): Promise<Map<number, Bounds>> {
  const all = await partitionsOf(cluster, topic);
  const wanted = only === undefined ? all : all.filter((partition) => only.includes(partition));
  const { bounds, failed } = await askLeaders(cluster, topic, wanted);
  for (const error of failed) throw error;
  return sorted(bounds);
}

/**
 * Bounds of all partitions that can be had at once: a broker that does not answer has the others' wait for a second.
 * @throws where those of none can be had.
 */
export async function boundsAtHand(cluster: Cluster, topic: string): Promise<Map<number, Bounds>> {
  const asked = await askLeaders(cluster, topic, await partitionsOf(cluster, topic), EACH);
  return atHand(cluster, asked);
}

/**
 * The same by the answers of all replicas, as in `confirmedBounds`, and with the end of all that was appended: the last
 * part of it no consumer can read yet.
 */
export async function appendedBounds(cluster: Cluster, topic: string): Promise<Map<number, Bounds>> {
  const all = await partitionsOf(cluster, topic);
  const others = new Map<number, number[]>();
  for (const { partitionId, leader, replicas } of cluster.findTopicPartitionMetadata(topic)) {
    for (const node of replicas) if (node !== leader) others.set(node, [...(others.get(node) ?? []), partitionId]);
  }
  const confirming = askBrokers(cluster, topic, others, EACH, ONLOOKER);
  const asked = await askLeaders(cluster, topic, all, EACH, ONLOOKER);
  const { bounds: claimed } = await within(wallClock, REPLICAS, confirming, () => ({
    bounds: new Map<number, Bounds>(),
  }));
  for (const [partition, bounds] of claimed) add(asked.bounds, partition, bounds);
  return atHand(cluster, asked);
}

function atHand(cluster: Cluster, { bounds, failed }: Asked): Map<number, Bounds> {
  // The next question needs to know where the leaders are now, and fails itself if that cannot be had.
  if (failed.length > 0) cluster.refreshMetadata().catch(() => {});
  if (bounds.size === 0) for (const error of failed) throw error;
  return sorted(bounds);
}

/**
 * Bounds of a partition by the answers of all its replicas: a leader that was deposed while it stood still, or that is
 * cut off, takes itself for the leader, and its log ends before what others have acknowledged since. Among brokers that
 * answer as its leader, the one with the longest log is right.
 *
 * @throws where the leader that the brokers name does not answer.
 */
export async function confirmedBounds(cluster: Cluster, topic: string, partition: number): Promise<Bounds> {
  const { leader, replicas } = await metadataOf(cluster, topic, partition);
  const others = replicas
    .filter((node) => node !== leader)
    .map(async (node) => bounds(await cluster.findBroker({ nodeId: String(node) }), topic, partition));
  const asked = Promise.allSettled(others);
  const answers = [await bounds(await leaderOf(cluster, topic, partition), topic, partition)];
  for (const other of await within(wallClock, REPLICAS, asked, () => []))
    if (other.status === 'fulfilled') answers.push(other.value);
  return most(answers);
}

/** Adds the answer of one more broker for a partition. */
function add(to: Map<number, Bounds>, partition: number, bounds: Bounds): void {
  const before = to.get(partition);
  to.set(partition, before === undefined ? bounds : most([before, bounds]));
}

function most(answers: readonly Bounds[]): Bounds {
  return {
    earliest: Math.max(...answers.map(({ earliest }) => earliest)),
    end: Math.max(...answers.map(({ end }) => end)),
  };
}

/** Offset of the first record at or after `timestamp`, in ms; the end where there is none. */
export async function offsetAt(cluster: Cluster, topic: string, partition: number, timestamp: number): Promise<number> {
  // The end is asked for first: a record that comes in between must not be passed over.
  const leader = await leaderOf(cluster, topic, partition);
  const end = await offset(leader, topic, partition, LATEST);
  const found = await offset(leader, topic, partition, timestamp);
  return found < 0 ? end : found;
}

async function metadataOf(cluster: Cluster, topic: string, partition: number) {
  await partitionsOf(cluster, topic);
  const found = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
  if (found === undefined) throw new Error(`topic ${topic} has no partition ${partition}`);
  return found;
}

interface Asked {
  readonly bounds: Map<number, Bounds>;
  readonly failed: Error[];
}

/** @param patience ms for each broker; without it as long as it takes. */
async function askLeaders(
  cluster: Cluster,
  topic: string,
  partitions: readonly number[],
  patience?: number,
  asker = CONSUMER,
): Promise<Asked> {
  const byLeader = Object.entries(cluster.findLeaderForPartitions(topic, [...partitions]));
  const led = new Map(byLeader.map(([node, partitions]) => [Number(node), partitions]));
  return await askBrokers(cluster, topic, led, patience, asker);
}

/** Asks each broker for the bounds of the partitions that are given with it. */
async function askBrokers(
  cluster: Cluster,
  topic: string,
  byBroker: ReadonlyMap<number, readonly number[]>,
  patience: number | undefined,
  asker: number,
): Promise<Asked> {
  const bounds = new Map<number, Bounds>();
  const failed: Error[] = [];
  const ask = async (node: number, partitions: readonly number[]) => {
    const broker = await cluster.findBroker({ nodeId: String(node) });
    const [earliest, end] = await Promise.all(
      [EARLIEST, LATEST].map((at) => listOffsets(broker, topic, partitions, at, asker)),
    );
    for (const partition of partitions) {
      try {
        add(bounds, partition, { earliest: offsetIn(earliest!, partition), end: offsetIn(end!, partition) });
      } catch (error) {
        failed.push(error as Error);
      }
    }
  };
  await Promise.all(
    [...byBroker].map(async ([node, partitions]) => {
      try {
        if (node < 0) throw new NoLeader(`partitions ${partitions.join(', ')} of ${topic} have no leader`);
        const asked = ask(node, partitions);
        const late = () => {
          throw new Error(`broker ${node} does not answer`);
        };
        await (patience === undefined ? asked : within(wallClock, patience, asked, late));
      } catch (error) {
        failed.push(error as Error);
      }
    }),
  );
  return { bounds, failed };
}

function sorted(bounds: ReadonlyMap<number, Bounds>): Map<number, Bounds> {
  return new Map([...bounds].sort(([a], [b]) => a - b));
}

async function bounds(broker: Broker, topic: string, partition: number): Promise<Bounds> {
  const [earliest, end] = await Promise.all([EARLIEST, LATEST].map((at) => offset(broker, topic, partition, at)));
  return { earliest: earliest!, end: end! };
}

async function offset(broker: Broker, topic: string, partition: number, timestamp: number): Promise<number> {
  return offsetIn(await listOffsets(broker, topic, [partition], timestamp), partition);
}

function offsetIn(answer: ReadonlyMap<number, number | Error>, partition: number): number {
  const found = answer.get(partition);
  if (found === undefined) throw new Error(`no offset of partition ${partition} was given`);
  if (found instanceof Error) throw found;
  return found;
}
