/**
 * How a client of KafkaJS finds its way among brokers of which some do not answer. KafkaJS asks one that it takes for
 * connected, or the first of the list, and waits for `requestTimeout`; it closes connections to brokers that are gone
 * in good order, which takes as long; and one partition without a leader keeps it from learning where all the others
 * are.
 *
 * Here the next broker is asked once one has been silent for a second; and a broker that is silent and that another
 * does not name any more is abandoned at once: what is under way to it fails as if it had been killed.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/brokers.unit.test.ts.
 */
import type Broker from 'kafkajs/src/broker/index.js';
import BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import { messageOf } from '../../ports/errors.ts';
import { askAnyone } from './ask-anyone.ts';
import { isAnswer } from './error-kinds.ts';
import { adopt } from './known-brokers.ts';
import { askMetadata } from './metadata.ts';
import { connectSeed, reopen, shut } from './seeds.ts';

const { disconnect } = BrokerPool.prototype;

/** Changes how KafkaJS's clients find brokers. May be called any number of times. */
export function findBrokersInTime(): void {
  Object.assign(BrokerPool.prototype, {
    async connect(this: BrokerPool): Promise<void> {
      reopen(this);
      if (!this.hasConnectedBrokers()) await connectSeed(this);
    },
    async disconnect(this: BrokerPool): Promise<void> {
      shut(this);
      await disconnect.call(this);
    },
    async refreshMetadata(this: BrokerPool, topics: readonly string[]): Promise<void> {
      await this.retrier(async (bail) => {
        try {
          await adopt(this, await askAnyone(this, (broker) => askMetadata(broker, topics), isAnswer));
        } catch (error) {
          // The topic is being made.
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
