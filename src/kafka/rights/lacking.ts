/**
 * Which rights this user lacks. The brokers are asked for things that they refuse in any case, and tell whether they refuse
 * for want of a right: nothing is done, nobody is fenced. One broker answers for all, for each checks rights first.
 */
import type { Cluster } from 'kafkajs';
import type KafkaBroker from 'kafkajs/src/broker/index.js';
import type { BrokerPool } from 'kafkajs/src/cluster/brokerPool.js';
import type { Operation, Right } from './declaration.ts';
import { type Operations, topicOperations } from './topic-operations.ts';

/** Codes of operations in Kafka's protocol. */
const CODES: Readonly<Record<Operation, number>> = { Read: 3, Write: 4, Create: 5, Describe: 8, DescribeConfigs: 10 };
/** No member has it, and no producer. */
const NOBODY = 'nobody';
const NO_PRODUCER = String(2n ** 62n);

/** Those of the rights that this user lacks, as far as the brokers tell it. @throws where none answers */
export async function lacking(cluster: Cluster, rights: readonly Right[]): Promise<Right[]> {
  const { brokerPool } = cluster as unknown as { readonly brokerPool: BrokerPool };
  const broker = (await brokerPool.findConnectedBroker()) as Asked;
  const topics = [...new Set(rights.flatMap(({ resource }) => (resource.type === 'topic' ? [resource.name] : [])))];
  const [operations, ...denied] = await Promise.all([
    topics.length === 0 ? new Map<string, Operations>() : topicOperations(broker, topics),
    ...rights.map((right) => isDenied(broker, right)),
  ]);
  return rights.filter((right, i) => {
    const { resource, operation } = right;
    return resource.type === 'topic' ? isMissing(operations.get(resource.name), operation) : denied[i];
  });
}

function isMissing(operations: Operations | undefined, operation: Operation): boolean {
  if (operations === undefined || operations === null) return false;
  // A topic that may not be seen: what may be done with its configuration is another matter, and is not told.
  if (operations === 0 && operation === 'DescribeConfigs') return false;
  return (operations & (1 << CODES[operation])) === 0;
}

/** Of groups and transactional ids. */
async function isDenied(broker: Asked, { resource: { type, name, pattern } }: Right): Promise<boolean> {
  if (type === 'topic') return false;
  try {
    if (type === 'group') await broker.heartbeat({ groupId: name, groupGenerationId: 0, memberId: NOBODY });
    else {
      await broker.endTxn({
        // Some id that the prefix covers, and that is in use: rights may have been given one by one.
        transactionalId: pattern === 'prefixed' ? `${name}0` : name,
        producerId: NO_PRODUCER,
        producerEpoch: 0,
        transactionResult: false,
      });
    }
    return false;
  } catch (error) {
    const { type: refusal } = error as { readonly type?: string };
    if (refusal === undefined) throw error;
    return /_AUTHORIZATION_FAILED$/.test(refusal);
  }
}

interface Asked extends KafkaBroker {
  heartbeat(of: object): Promise<unknown>;
  endTxn(of: object): Promise<unknown>;
}
