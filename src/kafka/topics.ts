import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { messageOf } from '../ports/errors.ts';
import { wallClock } from '../time/clock.ts';
import { type KafkaAddress, kafkaClient } from './client.ts';
import { ClusterLink } from './cluster.ts';
import { remedy } from './fatal.ts';
import { partitionsOf } from './offsets.ts';

/** The settings of a topic that matter here. */
export const CONFIGS = [
  'message.timestamp.type',
  'max.message.bytes',
  'cleanup.policy',
  'retention.ms',
  'min.insync.replicas',
  'unclean.leader.election.enable',
] as const;
export type Config = (typeof CONFIGS)[number];

export interface TopicDescription {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  /** Values as the broker gives them, without those that it leaves out; null where this user may not ask for them. */
  readonly config: Readonly<Partial<Record<Config, string>>> | null;
}

export interface WantedTopic {
  readonly topic: string;
  readonly partitions: number;
  /** null: the broker's default. */
  readonly replicationFactor: number | null;
  readonly config: Readonly<Partial<Record<Config, string>>>;
}

/** Longest that brokers may take to hear of a new topic, ms, and what they answer meanwhile. */
const KNOWN = 20_000;
const NOT_YET: ReadonlySet<string> = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/** The topics of the cluster: what they are like, and making those that are missing. */
export class Topics {
  readonly #kafka: Kafka;
  readonly #link: ClusterLink;
  readonly #logger: Logger;

  constructor(address: KafkaAddress, logger: Logger) {
    this.#kafka = kafkaClient(address, logger);
    this.#link = new ClusterLink(this.#kafka, logger);
    this.#logger = logger;
  }

  /** A topic as it is; null where it is not there. @throws while the brokers are away. */
  async describe(topic: string): Promise<TopicDescription | null> {
    let found: { readonly partitions: number; readonly replicas: number };
    try {
      found = await this.#link.ask(`topic ${topic}`, async (cluster) => {
        const partitions = (await partitionsOf(cluster, topic)).length;
        return { partitions, replicas: cluster.findTopicPartitionMetadata(topic)[0]?.replicas.length ?? 0 };
      });
    } catch (error) {
      if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
      throw error;
    }
    return { topic, ...found, config: await this.#config(topic) };
  }

  /** A topic that has to be there. @throws with what to do where it is not. */
  async require(topic: string): Promise<TopicDescription> {
    const found = await this.describe(topic);
    if (found === null) throw new Error(`topic ${topic} does not exist: make it with \`tidemark setup\``);
    return found;
  }

  /**
   * Makes a topic, and waits until the brokers know it. False where it was there already, made by someone else
   * meanwhile.
   */
  async make({ topic, partitions, replicationFactor, config }: WantedTopic): Promise<boolean> {
    const made = await this.#admin(async (admin) => {
      try {
        return await admin.createTopics({
          // KafkaJS's own waiting fails at once where a broker has not heard of the topic yet.
          waitForLeaders: false,
          topics: [
            {
              topic,
              numPartitions: partitions,
              replicationFactor: replicationFactor ?? -1,
              configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
            },
          ],
        });
      } catch (error) {
        throw new Error(`topic ${topic} could not be made: ${causeOf(error)}`, { cause: error });
      }
    });
    await this.#known(topic);
    return made;
  }

  /** Resolves once the topic can be described; a broker may hear of a new one some ms after it was made. */
  async #known(topic: string): Promise<void> {
    for (const end = Date.now() + KNOWN; ; await wallClock.sleep(50)) {
      try {
        if ((await this.describe(topic)) !== null) return;
      } catch (error) {
        if (!NOT_YET.has((error as { type?: string }).type ?? '')) throw error;
      }
      if (Date.now() > end) {
        throw new Error(
          `topic ${topic} was made, but the brokers do not know it after ${KNOWN / 1000} s: look at their logs`,
        );
      }
    }
  }

  async close(): Promise<void> {
    await this.#link.close();
  }

  async #config(topic: string): Promise<TopicDescription['config']> {
    try {
      const { resources } = await this.#admin((admin) =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: [...CONFIGS] }],
        }),
      );
      return configOf(resources[0]?.configEntries ?? []);
    } catch (error) {
      if (!remedy(error)?.startsWith('grant')) throw error;
      this.#logger.info({ err: messageOf(error), topic }, 'may not ask for the configuration of the topic');
      return null;
    }
  }

  async #admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin();
    try {
      await admin.connect();
      return await work(admin);
    } finally {
      admin
        .disconnect()
        .catch((error: unknown) => this.#logger.debug({ err: messageOf(error) }, 'an admin client did not close'));
    }
  }
}

/** Some servers that speak Kafka's protocol send few values. A missing one is not known: it is neither 0 nor "". */
export function configOf(
  entries: readonly { readonly configName: string; readonly configValue: string | null }[],
): NonNullable<TopicDescription['config']> {
  const known = entries.filter(({ configValue }) => configValue !== null && configValue !== '');
  return Object.fromEntries(known.map(({ configName, configValue }) => [configName, configValue]));
}

/** KafkaJS puts what was wrong with each topic into errors inside the error. */
function causeOf(error: unknown): string {
  const { errors, message } = error as { readonly errors?: readonly Error[]; readonly message: string };
  return errors?.map((inner) => inner.message).join('; ') ?? message;
}
