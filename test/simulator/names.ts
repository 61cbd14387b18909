/** What the topics, the group and the producers are called. */
import type { EnvelopeContext } from '../../src/wire/envelope.ts';

export const TOPIC = 'tracks';
export const GROUP = 'g.outbox';

export function transactionalIdOf(partition: number): string {
  return `g.tracks.${partition}`;
}

export function envelopeOf(topic: string, partition: number): EnvelopeContext {
  const maxBytes = { output: 1_000_000, 'dead-letter': 1_000_000, late: 1_000_000 };
  return { topic, partition, outputSchemaId: 1, maxBytes, severalPerRecord: true };
}
