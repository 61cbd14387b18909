/**
 * Which rights this user lacks. The brokers are asked for things that they refuse in any case, and their error shows
 * whether they do for want of a right: nothing is done, no producer is fenced. Each broker checks rights first, so one
 * is enough.
 */
import type { Cluster } from 'kafkajs';
import { answerCode } from '../kafkajs/answer-code.ts';
import { anyBroker, type InnerBroker } from '../kafkajs/pool.ts';
import { type Operations, topicOperations } from '../kafkajs/topic-operations.ts';
import type { Operation, Right } from './declaration.ts';

/** Codes of operations in Kafka's protocol. */
const CODES: Readonly<Record<Operation, number>> = { Read: 3, Write: 4, Create: 5, Describe: 8, DescribeConfigs: 10 };
const GROUP_AUTHORIZATION_FAILED = 30;
const TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53;
/** No member has it, and no producer. */
const NOBODY = 'nobody';
const NO_PRODUCER = String(2n ** 62n);

/** Those of the rights that this user lacks, as far as the brokers show it. @throws where none answers */
export async function lacking(cluster: Cluster, rights: readonly Right[]): Promise<Right[]> {
  const broker = await anyBroker(cluster);
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
  // The user may not see the topic: then the broker leaves out what may be done with its configuration.
  if (operations === 0 && operation === 'DescribeConfigs') return false;
  return (operations & (1 << CODES[operation])) === 0;
}

/** Whether a group or transactional id is refused. */
async function isDenied(broker: InnerBroker, { resource: { type, name, pattern } }: Right): Promise<boolean> {
  if (type === 'topic') return false;
  if (type === 'group') {
    const of = { groupId: name, groupGenerationId: 0, memberId: NOBODY };
    return (await answerCode(broker, 'Heartbeat', of)) === GROUP_AUTHORIZATION_FAILED;
  }
  // Some id that the prefix covers, and that is in use: rights may have been given one by one.
  const transactionalId = pattern === 'prefixed' ? `${name}0` : name;
  const of = { transactionalId, producerId: NO_PRODUCER, producerEpoch: 0, transactionResult: false };
  return (await answerCode(broker, 'EndTxn', of)) === TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
}
