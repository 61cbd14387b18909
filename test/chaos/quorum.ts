/** What KafkaJS's clients cannot be asked for, over its connections; two of the requests it does not know at all. */
import type { Cluster } from 'kafkajs';
import { Decoder, Encoder } from '../../src/kafka/kafkajs/encoding.ts';
import { anyBroker, type InnerBroker } from '../../src/kafka/kafkajs/pool.ts';

const ELECT_LEADERS = { apiKey: 43, apiVersion: 1, apiName: 'ElectLeaders' };
const DESCRIBE_QUORUM = { apiKey: 55, apiVersion: 0, apiName: 'DescribeQuorum' };
const PREFERRED = 0;
/** A list that is null: all partitions. */
const NULL = -1;
const TIMEOUT = 10_000;
const NO_TAGS = 0;

/** Has the first replica of every partition lead it, where that one is in sync. */
export async function electPreferred(cluster: Cluster): Promise<void> {
  const broker = await someBroker(cluster);
  const encode = async () => new Encoder().writeInt8(PREFERRED).writeInt32(NULL).writeInt32(TIMEOUT);
  const request = { ...ELECT_LEADERS, encode };
  const code = await broker.connectionPool.send({ request, response: { decode: electAnswer, parse: same } });
  if (code !== 0) throw new Error(`the election was refused with code ${code}`);
}

/** Of the whole; what single partitions say is mostly that they have their leader. */
async function electAnswer(bytes: Buffer): Promise<number> {
  const decoder = new Decoder(bytes);
  decoder.readInt32();
  return decoder.readInt16();
}

/** Id of the node that is the active controller. */
export async function controllerOf(cluster: Cluster): Promise<number> {
  const broker = await someBroker(cluster);
  const request = { ...DESCRIBE_QUORUM, encode: async () => quorumRequest() };
  return (await broker.connectionPool.send({ request, response: { decode: quorumAnswer, parse: same } })) as number;
}

/** Id of the node that coordinates a group or a transactional id. */
export async function coordinatorOf(cluster: Cluster, of: 'group' | 'transaction', name: string): Promise<number> {
  const broker = await someBroker(cluster);
  const asked = { groupId: name, coordinatorType: of === 'group' ? 0 : 1 };
  return (await broker.findGroupCoordinator(asked)).coordinator.nodeId;
}

export function quorumRequest(): Encoder {
  const partitions = new Encoder()
    .writeUVarInt(1 + 1)
    .writeInt32(0)
    .writeInt8(NO_TAGS);
  // The head of the request, which KafkaJS writes as of old, ends with tags too.
  return new Encoder()
    .writeInt8(NO_TAGS)
    .writeUVarInt(1 + 1)
    .writeUVarIntString('__cluster_metadata')
    .writeEncoder(partitions)
    .writeInt8(NO_TAGS)
    .writeInt8(NO_TAGS);
}

/** @throws where there is no leader */
export async function quorumAnswer(bytes: Buffer): Promise<number> {
  const decoder = new Decoder(bytes);
  decoder.readTaggedFields();
  const refused = decoder.readInt16();
  if (refused !== 0) throw new Error(`the brokers do not tell their controller: code ${refused}`);
  let leader = -1;
  // Only the head of the one partition is read, and nothing behind it.
  decoder.readUVarIntArray(() => {
    decoder.readUVarIntString();
    decoder.readUVarIntArray(() => {
      decoder.readInt32();
      decoder.readInt16();
      leader = decoder.readInt32();
    });
  });
  if (leader < 0) throw new Error('there is no controller');
  return leader;
}

const same = async (answer: unknown) => answer;

async function someBroker(cluster: Cluster): Promise<InnerBroker> {
  await cluster.refreshMetadata();
  return await anyBroker(cluster);
}
