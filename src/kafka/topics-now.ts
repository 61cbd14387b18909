import kafkajs, { type Cluster } from 'kafkajs';
import type Broker from 'kafkajs/src/broker/index.js';
import type BrokerPool from 'kafkajs/src/cluster/brokerPool.js';
import requests from 'kafkajs/src/protocol/requests/index.js';
import type { ClusterLink } from './cluster.ts';
import { topicNamed } from './refused-topics.ts';
import { CONFIGS, type Config, configOf, type TopicDescription } from './topics.ts';

const DESCRIBE_CONFIGS = 32;

/**
 * Topics as the brokers have them now, in their order, by one request for their partitions and one for their
 * configurations: to be asked again and again.
 * @throws while the brokers are away; UNKNOWN_TOPIC_OR_PARTITION where some are not there: `topicsIn` has which.
 */
export function topicsNow(link: ClusterLink, topics: readonly string[]): Promise<TopicDescription[]> {
  return link.ask('what the topics are like', async (cluster) => {
    try {
      await cluster.addMultipleTargetTopics([...topics]);
      await cluster.refreshMetadata();
    } catch (error) {
      throw await topicNamed(cluster, error);
    }
    const configs = await configsOf(cluster, topics);
    return topics.map((topic) => {
      const partitions = cluster.findTopicPartitionMetadata(topic);
      const replicas = partitions[0]?.replicas.length ?? 0;
      return { topic, partitions: partitions.length, replicas, config: configs.get(topic) ?? null };
    });
  });
}

/** Of those whose configuration this user may ask for. */
async function configsOf(
  cluster: Cluster,
  topics: readonly string[],
): Promise<Map<string, TopicDescription['config']>> {
  const { brokerPool } = cluster as unknown as { readonly brokerPool: BrokerPool };
  const broker: Broker = await brokerPool.findConnectedBroker();
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { request, response } = broker.lookupRequest(
    DESCRIBE_CONFIGS,
    requests.requests.DescribeConfigs,
  )({
    includeSynonyms: false,
    resources: [...new Set(topics)].map((name) => ({ type, name, configNames: [...CONFIGS] })),
  });
  const { resources } = await broker.connectionPool.send<Answer>({
    request,
    // Of KafkaJS one that may not be asked for fails them all.
    response: { decode: (bytes) => response.decode(bytes), parse: async (answer) => answer },
  });
  const told = resources.filter(({ errorCode }) => errorCode === 0);
  return new Map(told.map(({ resourceName, configEntries }) => [resourceName, configOf(configEntries)]));
}

interface Answer {
  readonly resources: readonly {
    readonly errorCode: number;
    readonly resourceName: string;
    readonly configEntries: readonly { readonly configName: Config; readonly configValue: string | null }[];
  }[];
}
