/**
 * Configurations of topics. KafkaJS's own request fails for all of them where one may not be asked for. Written for
 * KafkaJS 2.2.4; held by test/kafka/kafkajs/internals.unit.test.ts.
 */
import kafkajs, { type Cluster } from 'kafkajs';
import requests from 'kafkajs/src/protocol/requests/index.js';
import { anyBroker } from './pool.ts';

const DESCRIBE_CONFIGS = 32;

export interface ConfigEntry {
  readonly configName: string;
  readonly configValue: string | null;
}

/** By topic, for those whose configuration this user may ask for. */
export async function topicConfigs(
  cluster: Cluster,
  topics: readonly string[],
  names: readonly string[],
): Promise<Map<string, readonly ConfigEntry[]>> {
  const broker = await anyBroker(cluster);
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { request, response } = broker.lookupRequest(
    DESCRIBE_CONFIGS,
    requests.requests.DescribeConfigs,
  )({
    includeSynonyms: false,
    resources: [...new Set(topics)].map((name) => ({ type, name, configNames: [...names] })),
  });
  const { resources } = await broker.connectionPool.send<Answer>({
    request,
    response: { decode: (bytes) => response.decode(bytes), parse: async (answer) => answer },
  });
  const granted = resources.filter(({ errorCode }) => errorCode === 0);
  return new Map(granted.map(({ resourceName, configEntries }) => [resourceName, configEntries]));
}

interface Answer {
  readonly resources: readonly {
    readonly errorCode: number;
    readonly resourceName: string;
    readonly configEntries: readonly ConfigEntry[];
  }[];
}
