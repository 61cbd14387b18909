import type { Logger } from 'pino';
import { kafkaClient } from '../../kafka/client.ts';
import { ClusterLink } from '../../kafka/cluster.ts';
import { setUpTopics as setUp, type TopicReport } from '../../kafka/setup.ts';
import { Topics } from '../../kafka/topics.ts';
import type { Settings } from '../../settings/index.ts';
import { reach } from '../failure.ts';
import type { Io } from '../io.ts';
import { quietly } from '../logger.ts';
import { byNeed, missingFor, missingRights, withRights } from '../rights.ts';
import type { Finding } from './finding.ts';

export interface FoundTopics {
  readonly findings: readonly Finding[];
  /** Partitions of the input; null where it is missing. */
  readonly partitions: number | null;
}

/** Makes the topics that are missing. It leaves those that exist, and reports what it would have set otherwise. */
export async function setUpTopics(settings: Settings, check: boolean, io: Io): Promise<FoundTopics> {
  const logger = quietly(settings.log, io);
  const topics = new Topics(settings.kafka, logger);
  const brokers = settings.kafka.brokers.join(', ');
  try {
    const reports = await reach(`Kafka at ${brokers}`, 'kafka.brokers (KAFKA_BROKERS)', () =>
      withRights('setup', settings, logger, () => setUp(topics, settings, check)),
    );
    await warnOfRights(settings, logger, io);
    const input = reports.find(({ role }) => role === 'input')!;
    return { findings: reports.map(findingOf), partitions: input.state === 'missing' ? null : input.partitions };
  } finally {
    await topics.close();
  }
}

/** Warns of missing rights that setup can do without. */
async function warnOfRights(settings: Settings, logger: Logger, io: Io): Promise<void> {
  const link = new ClusterLink(kafkaClient(settings.kafka, logger), logger);
  try {
    const { wanted } = byNeed(await missingFor('setup', settings, link));
    for (const right of wanted) {
      io.err(`tidemark: without this ${right.without}: ${missingRights([right], settings).message}\n`);
    }
  } finally {
    await link.close();
  }
}

function findingOf({ topic, state, partitions, differences }: TopicReport): Finding {
  const what = `topic ${topic}`;
  if (state === 'missing') return { state, what };
  if (differences.length > 0) return { state: 'differs', what, detail: differences.join('; ') };
  return { state, what, detail: `${partitions} partitions` };
}
