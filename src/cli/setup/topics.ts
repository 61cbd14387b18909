import { type Admin, ConfigResourceTypes } from 'kafkajs';
import { kafkaClient } from '../../kafka/client.ts';
import type { Settings } from '../../settings/index.ts';
import { reach } from '../failure.ts';
import type { Io } from '../io.ts';
import { makeLogger } from '../logger.ts';
import type { Finding } from './finding.ts';

export interface Topics {
  readonly findings: readonly Finding[];
  /** Of the input; null where it is missing. */
  readonly partitions: number | null;
}

/** What a topic should be. */
interface Wanted {
  readonly topic: string;
  readonly partitions: number;
  readonly config: Readonly<Record<string, string>>;
}

interface Existing {
  readonly partitions: number;
  readonly config: ReadonlyMap<string, string>;
}

/** Kafka's default limit of a record batch. */
const USUAL_LIMIT = 1_048_588;
/** More than what is added to a record that is set aside: reason, error, where it came from. */
const OUR_HEADERS = 65_536;

/** Makes the topics that are missing. Those that exist are left, and what would have been set otherwise is said. */
export async function setUpTopics(settings: Settings, check: boolean, io: Io): Promise<Topics> {
  const logger = makeLogger(quiet(settings.log), { write: io.err }, io.terminal);
  const admin = kafkaClient(settings.kafka, logger).admin();
  const brokers = settings.kafka.brokers.join(', ');
  return await reach(`Kafka at ${brokers}`, 'kafka.brokers (KAFKA_BROKERS)', async () => {
    await admin.connect();
    try {
      return await setUpWith(admin, settings, check);
    } finally {
      await admin.disconnect();
    }
  });
}

/** Errors are told once, by who asked; KafkaJS would tell them before. */
function quiet(log: Settings['log']): Settings['log'] {
  return log.level === 'debug' || log.level === 'trace' ? log : { ...log, level: 'silent' };
}

async function setUpWith(admin: Admin, settings: Settings, check: boolean): Promise<Topics> {
  const { input, output, deadLetter, late, topics } = settings;
  const names = [input.topic, output.topic, deadLetter.topic, late.topic];
  const existing = await describe(admin, names);

  const source = existing.get(input.topic);
  const partitions = source?.partitions ?? topics.partitions;
  const limit = Number(source?.config.get('max.message.bytes') ?? USUAL_LIMIT);
  const append = { 'message.timestamp.type': 'LogAppendTime' };
  const setAside = { 'cleanup.policy': 'delete', 'max.message.bytes': String(limit + OUR_HEADERS) };
  const wanted: Wanted[] = [
    { topic: input.topic, partitions, config: input.timestamps === 'append' ? append : {} },
    // Partition n of the input feeds partition n. Compaction by session would lose visits.
    { topic: output.topic, partitions, config: { 'cleanup.policy': 'delete' } },
    { topic: deadLetter.topic, partitions, config: setAside },
    { topic: late.topic, partitions, config: setAside },
  ];
  const findings: Finding[] = [];
  for (const one of wanted) {
    const there = existing.get(one.topic);
    if (there !== undefined) findings.push(compared(one, there));
    else if (check) findings.push({ state: 'missing', what: `topic ${one.topic}` });
    else findings.push(await make(admin, one, topics.replicationFactor));
  }
  return { findings, partitions: source === undefined && check ? null : partitions };
}

async function make(admin: Admin, wanted: Wanted, replicationFactor: number | null): Promise<Finding> {
  const { topic, partitions, config } = wanted;
  const made = await admin.createTopics({
    topics: [
      {
        topic,
        numPartitions: partitions,
        replicationFactor: replicationFactor ?? -1,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  const what = `topic ${topic}`;
  if (made) return { state: 'made', what, detail: [`${partitions} partitions`, ...told(config)].join(', ') };
  // Somebody else was first.
  return compared(wanted, (await describe(admin, [topic])).get(topic)!);
}

function compared({ topic, partitions, config }: Wanted, there: Existing): Finding {
  const others = Object.entries(config).filter(([name, value]) => differs(name, value, there.config.get(name)));
  const details = others.map(([name, value]) => `${name} is ${there.config.get(name)}, setup would have set ${value}`);
  if (there.partitions !== partitions) {
    details.unshift(`${there.partitions} partitions, setup would have made ${partitions}, as many as the input has`);
  }
  const what = `topic ${topic}`;
  if (details.length === 0) return { state: 'exists', what, detail: `${there.partitions} partitions` };
  return { state: 'differs', what, detail: details.join('; ') };
}

function differs(name: string, wanted: string, there: string | undefined): boolean {
  // A limit that is higher than needed is none to speak of.
  return name === 'max.message.bytes' ? Number(there) < Number(wanted) : there !== wanted;
}

function told(config: Wanted['config']): string[] {
  return Object.entries(config).map(([name, value]) => `${name} ${value}`);
}

const CONFIG = ['message.timestamp.type', 'cleanup.policy', 'max.message.bytes'];

/** The topics of these that exist. */
async function describe(admin: Admin, names: readonly string[]): Promise<Map<string, Existing>> {
  const all = new Set(await admin.listTopics());
  const there = names.filter((name) => all.has(name));
  if (there.length === 0) return new Map();
  const [metadata, configs] = await Promise.all([
    admin.fetchTopicMetadata({ topics: there }),
    admin.describeConfigs({
      resources: there.map((name) => ({ type: ConfigResourceTypes.TOPIC, name, configNames: CONFIG })),
      includeSynonyms: false,
    }),
  ]);
  return new Map(
    metadata.topics.map(({ name, partitions }) => {
      const { configEntries } = configs.resources.find(({ resourceName }) => resourceName === name)!;
      const config = new Map(configEntries.map((entry) => [entry.configName, entry.configValue]));
      return [name, { partitions: partitions.length, config }];
    }),
  );
}
