import type { Cluster } from 'kafkajs';
import { anyBroker, targetTopicsOf } from './kafkajs/pool.ts';

/** Errors of a broker that are about a topic, and do not name it. */
const OF_A_TOPIC: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'TOPIC_AUTHORIZATION_FAILED',
  'INVALID_TOPIC_EXCEPTION',
]);

/**
 * An error that names its topics, or the error itself where it is about none. KafkaJS asks for all topics of a cluster
 * at once, so each is asked for alone to find out.
 */
export async function topicNamed(cluster: Cluster, error: unknown): Promise<unknown> {
  const { type, name, retriable } = error as { readonly type?: string; readonly name?: string; retriable?: boolean };
  if (!(error instanceof Error) || type === undefined || !OF_A_TOPIC.has(type)) return error;
  const refused = await refusedOf(cluster, type).catch(() => []);
  if (refused.length === 0) return error;
  const message = `topic ${refused.join(', topic ')}: ${error.message}`;
  // Callers decide by these fields whether it may pass, and what to do.
  return Object.assign(new Error(message, { cause: error }), { name, type, retriable, topics: refused });
}

/** The topics that `topicNamed` found an error to be about; none where it was not asked, or is about none. */
export function topicsIn(error: unknown): readonly string[] {
  return (error as { readonly topics?: readonly string[] }).topics ?? [];
}

async function refusedOf(cluster: Cluster, type: string): Promise<string[]> {
  const broker = await anyBroker(cluster);
  const refused: string[] = [];
  for (const topic of targetTopicsOf(cluster)) {
    const said = await broker.metadata([topic]).then(
      () => null,
      (error: unknown) => error as { readonly type?: string },
    );
    if (said?.type === type) refused.push(topic);
  }
  return refused;
}
