/**
 * KafkaJS 2.2.4 asks all brokers for a coordinator, drops what they say, and then says "Failed to find group coordinator":
 * that a right is missing cannot be told from brokers that are away.
 */
import Cluster from 'kafkajs/src/cluster/index.js';

const find = Cluster.prototype.findGroupCoordinatorMetadata;

/** Has that a right is missing told as the brokers told it. May be called any number of times. */
export function tellDeniedCoordinators(): void {
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
