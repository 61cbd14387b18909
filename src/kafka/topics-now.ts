import type { ClusterLink } from './cluster.ts';
import { topicConfigs } from './kafkajs/topic-configs.ts';
import { topicNamed } from './refused-topics.ts';
import { CONFIGS, configOf, type TopicDescription } from './topics.ts';

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
    const configs = await topicConfigs(cluster, topics, CONFIGS);
    return topics.map((topic) => {
      const partitions = cluster.findTopicPartitionMetadata(topic);
      const replicas = partitions[0]?.replicas.length ?? 0;
      const config = configs.get(topic);
      return { topic, partitions: partitions.length, replicas, config: config === undefined ? null : configOf(config) };
    });
  });
}
