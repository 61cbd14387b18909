import type { OutputTopic } from '../ports/output.ts';
import { decodeVisitEnded } from '../wire/visit-ended.ts';
import type { Received } from './parts.ts';

/** @throws Unreadable if a message of the output topic is no Visit Ended. */
export function receivedOf(
  topic: OutputTopic,
  key: Buffer | null,
  value: Buffer | null,
  header: (name: string) => Buffer | undefined,
): Received {
  const at = Date.now();
  if (topic === 'output') return { topic, at, visit: decodeVisitEnded(value ?? Buffer.alloc(0)) };
  const why = `${header('tidemark-reason')}: ${header('tidemark-error')}`;
  return { topic, at, key: key?.toString() ?? '', why };
}
