import type { Settings } from '../settings/index.ts';
import { MESSAGE_BYTES } from './layout.ts';
import type { TopicDescription, Topics, WantedTopic } from './topics.ts';

export interface TopicReport {
  readonly role: 'input' | 'output' | 'dead-letter' | 'late';
  readonly topic: string;
  /** `missing`: it is not there, and was only checked for. */
  readonly state: 'made' | 'exists' | 'missing';
  readonly partitions: number;
  /** What would have been set otherwise, a sentence each. Nothing that exists is changed. */
  readonly differences: readonly string[];
}

/** Room for the headers of a record that is set aside: they hold why, where from and what it was. */
const HEADERS_BYTES = 64 * 1024;

type Needed = Pick<Settings, 'input' | 'output' | 'deadLetter' | 'late' | 'topics'>;

/**
 * Makes the topics that are missing and reports on the others. The input comes first: the rest have as many partitions.
 *
 * @param check true: nothing is made.
 */
export async function setUpTopics(topics: Topics, settings: Needed, check = false): Promise<TopicReport[]> {
  const { input, output, deadLetter, late } = settings;
  const { partitions, replicationFactor } = settings.topics;
  const timestamps = input.timestamps === 'append' ? { 'message.timestamp.type': 'LogAppendTime' } : {};
  // With fewer replicas a broker that is away would keep everybody from writing.
  const durable = (replicationFactor ?? 0) >= 3 ? { 'min.insync.replicas': '2' } : {};
  const reports: TopicReport[] = [];
  const see = async (role: TopicReport['role'], wanted: WantedTopic): Promise<TopicReport> => {
    const report = await one(topics, role, wanted, check);
    reports.push(report);
    return report;
  };
  const first = await see('input', {
    topic: input.topic,
    partitions,
    replicationFactor,
    config: { ...timestamps, ...durable, 'cleanup.policy': 'delete' },
  });
  const limit = (await topics.describe(input.topic))?.config?.['max.message.bytes'];
  const aside = {
    partitions: first.partitions,
    replicationFactor,
    // A record at the input's limit does not fit with our headers into a topic of the same limit.
    config: {
      ...durable,
      'cleanup.policy': 'delete',
      'max.message.bytes': String((Number(limit) || MESSAGE_BYTES) + HEADERS_BYTES),
    },
  };
  await see('output', { ...aside, topic: output.topic, config: { ...durable, 'cleanup.policy': 'delete' } });
  await see('dead-letter', { ...aside, topic: deadLetter.topic });
  await see('late', { ...aside, topic: late.topic });
  return reports;
}

async function one(
  topics: Topics,
  role: TopicReport['role'],
  wanted: WantedTopic,
  check: boolean,
): Promise<TopicReport> {
  const { topic, partitions } = wanted;
  const before = await topics.describe(topic);
  if (before !== null) {
    return {
      role,
      topic,
      state: 'exists',
      partitions: before.partitions,
      differences: differences(role, before, wanted),
    };
  }
  if (check) return { role, topic, state: 'missing', partitions, differences: [] };
  const made = await topics.make(wanted);
  const after = await topics.require(topic);
  return {
    role,
    topic,
    state: made ? 'made' : 'exists',
    partitions: after.partitions,
    differences: made ? [] : differences(role, after, wanted),
  };
}

const AT_LEAST: ReadonlySet<string> = new Set(['max.message.bytes', 'min.insync.replicas']);

function differences(role: TopicReport['role'], is: TopicDescription, wanted: WantedTopic): string[] {
  const differences: string[] = [];
  // How many partitions the input has is its owner's choice.
  if (role !== 'input' && is.partitions !== wanted.partitions) {
    differences.push(
      `${is.topic} has ${is.partitions} partitions, the input ${wanted.partitions}: messages go to partitions by key`,
    );
  }
  for (const [name, value] of Object.entries(wanted.config)) {
    const has = is.config?.[name as keyof typeof wanted.config];
    if (has === undefined) differences.push(`${is.topic}: ${name} could not be read; it should be ${value}`);
    else if (AT_LEAST.has(name) ? Number(has) < Number(value) : has !== value) {
      differences.push(`${is.topic}: ${name} is ${has}; setup would have set ${value}`);
    }
  }
  return differences;
}
