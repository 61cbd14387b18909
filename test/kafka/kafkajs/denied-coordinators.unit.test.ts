import { describe, expect, test } from '@jest/globals';
import BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import Cluster from 'kafkajs/src/cluster/index.js';
import { reportDeniedCoordinators } from '../../../src/kafka/kafkajs/denied-coordinators.ts';

reportDeniedCoordinators();

/** KafkaJS's own search among brokers that answer so, without a connection. */
function search(...answers: (() => unknown)[]): Promise<object> {
  const brokers = answers.map((answer) => ({ findGroupCoordinator: async () => answer() }));
  const pool = { brokers: { ...brokers }, findBroker: async ({ nodeId }: { nodeId: number }) => brokers[nodeId] };
  const cluster = Object.create(Cluster.prototype) as Record<string, unknown> & Cluster;
  return cluster.findGroupCoordinatorMetadata.call(
    Object.assign(cluster, {
      brokerPool: Object.assign(Object.create((BrokerPool as unknown as { prototype: object }).prototype), pool),
      retrier: (tried: (bail: (error: unknown) => void) => Promise<unknown>) =>
        new Promise((resolve, reject) => void tried(reject).then(resolve, reject)),
      logger: { debug: () => {} },
    }),
    { groupId: 'g', coordinatorType: 0 },
  );
}

const say = (type: string) => () => {
  throw Object.assign(new Error(type), { type });
};
const found = { host: 'h', coordinator: { nodeId: 1 } };

describe("KafkaJS's search for a coordinator", () => {
  test.each(['GROUP_AUTHORIZATION_FAILED', 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED'])('tells %s', async (type) => {
    await expect(search(say(type), say(type))).rejects.toMatchObject({ type });
  });

  test('tells of brokers that do not know it as before', async () => {
    await expect(search(say('NOT_CONTROLLER'))).rejects.toThrow('Failed to find group coordinator');
  });

  test('takes the answer of a broker that gives one', async () => {
    await expect(search(say('GROUP_AUTHORIZATION_FAILED'), () => found)).resolves.toBe(found);
  });
});
