import type { BrokersFunction } from 'kafkajs';

/**
 * The brokers as KafkaJS takes them. It cuts each entry at its first colon, and an IPv6 address is full of them: where
 * there is one, it gets entries that know where they are to be cut.
 *
 * Written for KafkaJS 2.2.4; held by test/kafka/login.unit.test.ts.
 */
export function brokerList(brokers: readonly string[]): string[] | BrokersFunction {
  if (!brokers.some((broker) => broker.startsWith('['))) return [...brokers];
  // KafkaJS checks that the entries of an array are texts; of an object that is only like an array it checks nothing.
  const list = Object.assign({ length: brokers.length }, brokers.map(entry));
  return () => list as unknown as string[];
}

function entry(broker: string): { split(): readonly [host: string, port: string] } {
  const at = broker.lastIndexOf(':');
  const host = broker.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { split: () => [host, broker.slice(at + 1)] };
}
