import type { ClusterLink } from '../kafka/cluster.ts';
import type { Use } from '../kafka/rights/declaration.ts';
import type { Settings } from '../settings/index.ts';
import { reach } from './failure.ts';
import type { Io } from './io.ts';

/**
 * Does something with Kafka, and closes the connection in any case.
 * @throws Failure where it is away, or this user lacks a right
 */
export async function onKafka<T>(
  settings: Settings,
  io: Io,
  use: Use,
  action: (link: ClusterLink, parts: KafkaParts) => Promise<T>,
): Promise<T> {
  const [{ withRights }, { quietly }] = await Promise.all([import('./rights.ts'), import('./logger.ts')]);
  try {
    const logger = quietly(settings.log, io);
    return await withRights(use, settings, logger, () => onKafkaLink(settings, io, action));
  } catch (error) {
    if (!isKafkas(error)) throw error;
    return await reach(`Kafka at ${settings.kafka.brokers.join(', ')}`, 'kafka.brokers (KAFKA_BROKERS)', () => {
      throw error;
    });
  }
}

/** Whether it was Kafka that failed: the action may need the database too. */
function isKafkas(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (/^(KafkaJS|NoAnswer$)/.test(at.name)) return true;
  return false;
}

/** The same, but the action decides what it means that Kafka is away. */
export async function onKafkaLink<T>(
  settings: Settings,
  io: Io,
  action: (link: ClusterLink, parts: KafkaParts) => Promise<T>,
): Promise<T> {
  const [{ kafkaClient }, { ClusterLink }, { quietly }] = await Promise.all([
    import('../kafka/client.ts'),
    import('../kafka/cluster.ts'),
    import('./logger.ts'),
  ]);
  const logger = quietly(settings.log, io);
  const kafka = kafkaClient(settings.kafka, logger);
  const link = new ClusterLink(kafka, logger);
  try {
    return await action(link, { kafka, logger });
  } finally {
    await link.close();
  }
}

export interface KafkaParts {
  readonly kafka: import('kafkajs').Kafka;
  readonly logger: import('pino').Logger;
}
