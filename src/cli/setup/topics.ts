import { setUpTopics as setUp, type TopicReport } from '../../kafka/setup.ts';
import { Topics } from '../../kafka/topics.ts';
import type { Settings } from '../../settings/index.ts';
import { reach } from '../failure.ts';
import type { Io } from '../io.ts';
import { quietly } from '../logger.ts';
import type { Finding } from './finding.ts';

export interface FoundTopics {
  readonly findings: readonly Finding[];
  /** Of the input; null where it is missing. */
  readonly partitions: number | null;
}

/** Makes the topics that are missing. Those that exist are left, and what would have been set otherwise is said. */
export async function setUpTopics(settings: Settings, check: boolean, io: Io): Promise<FoundTopics> {
  const topics = new Topics(settings.kafka, quietly(settings.log, io));
  const brokers = settings.kafka.brokers.join(', ');
  try {
    const reports = await reach(`Kafka at ${brokers}`, 'kafka.brokers (KAFKA_BROKERS)', () =>
      setUp(topics, settings, check),
    );
    const input = reports.find(({ role }) => role === 'input')!;
    return { findings: reports.map(findingOf), partitions: input.state === 'missing' ? null : input.partitions };
  } finally {
    await topics.close();
  }
}

function findingOf({ topic, state, partitions, differences }: TopicReport): Finding {
  const what = `topic ${topic}`;
  if (state === 'missing') return { state, what };
  if (differences.length > 0) return { state: 'differs', what, detail: differences.join('; ') };
  return { state, what, detail: `${partitions} partitions` };
}
