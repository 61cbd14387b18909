/**
 * KafkaJS asks all brokers for a coordinator, drops their errors, and then throws "Failed to find group coordinator": a
 * missing right cannot be distinguished from brokers that are away.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/kafkajs/denied-coordinators.unit.test.ts.
 */
import Cluster from 'kafkajs/src/cluster/index.js';

const find = Cluster.prototype.findGroupCoordinatorMetadata;

/** Has the brokers' own error thrown where a right is missing. May be called any number of times. */
export function reportDeniedCoordinators(): void {
  Cluster.prototype.findGroupCoordinatorMetadata = async function (of) {
    let denied: unknown;
    const { brokerPool } = this;
    const noting = Object.create(this) as typeof this;
    noting.brokerPool = Object.create(brokerPool) as typeof brokerPool;
    noting.brokerPool.withBroker = (ask) =>
      brokerPool.withBroker(async (given) => {
        try {
          return await ask(given);
        } catch (error) {
          if (/_AUTHORIZATION_FAILED$/.test((error as { readonly type?: string }).type ?? '')) denied = error;
          throw error;
        }
      });
    try {
      return await find.call(noting, of);
    } catch (error) {
      throw denied ?? error;
    }
  };
}
