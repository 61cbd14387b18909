import type { BrokersFunction } from 'kafkajs';

/**
 * The brokers as KafkaJS takes them. It cuts each entry at its first colon, and an IPv6 address is full of them: where
 * there is one, it gets entries that know where they are to be cut.
 */
export function brokerList(brokers: readonly string[]): string[] | BrokersFunction {
  if (!brokers.some((broker) => broker.startsWith('['))) return [...brokers];
  // It wants text of the entries of an array, and asks nothing of what is only like one.
  const list = Object.assign({ length: brokers.length }, brokers.map(entry));
  return () => list as unknown as string[];
}

function entry(broker: string): { split(): readonly [host: string, port: string] } {
  const at = broker.lastIndexOf(':');
  const host = broker.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  return { split: () => [host, broker.slice(at + 1)] };
}
