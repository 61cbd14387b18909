import type { Broker, Cluster } from 'kafkajs';
import { type AbortedTransaction, type FetchedRecord, markAborted } from './aborted.ts';

/** What is to know of what a consumer fetches. Partitions of the one topic it is subscribed to. */
export interface FetchWatch {
  /** An answer to a fetch from `from`. False: it is not wanted, and reaches nobody. */
  arrived(partition: number, from: number): boolean;
  /** The log holds no offset `from`, or not any more. */
  outOfRange(partition: number): void;
}

type Request = Parameters<Broker['fetch']>[0];

interface Answer {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      abortedTransactions?: AbortedTransaction[];
      messages: FetchedRecord[];
    }[];
  }[];
}

/**
 * Puts a hand between a consumer and its brokers, as only there three things can be had: the offset a fetch asked for
 * even where all it brought is filtered; the list of aborted transactions, with which our own filter drops all that
 * KafkaJS's would let through; and the error for an offset out of range, which KafkaJS would answer by moving to the
 * beginning or the end without a word.
 */
export function watchFetches(cluster: Cluster, watch: FetchWatch): void {
  const find = cluster.findBroker.bind(cluster);
  const seen = new WeakSet<Broker>();
  cluster.findBroker = async (node) => {
    const broker = await find(node);
    if (!seen.has(broker)) {
      seen.add(broker);
      const fetch = broker.fetch.bind(broker);
      broker.fetch = (request) => watched(request, fetch, watch);
    }
    return broker;
  };
}

async function watched(request: Request, fetch: Broker['fetch'], watch: FetchWatch): Promise<Answer> {
  let answer: Answer;
  try {
    answer = await fetch(request);
  } catch (error) {
    const { name, partition } = error as { name?: string; partition?: number };
    if (name !== 'KafkaJSOffsetOutOfRange' || partition === undefined) throw error;
    watch.outOfRange(partition);
    return { responses: [] };
  }
  const asked = new Map(
    request.topics.flatMap(({ partitions }) => partitions.map((p) => [p.partition, p.fetchOffset])),
  );
  for (const { partitions } of answer.responses) {
    for (const entry of partitions) {
      if (entry.messages.length === 0) continue;
      const wanted = watch.arrived(entry.partition, Number(asked.get(entry.partition)));
      if (wanted) markAborted(entry.messages, entry.abortedTransactions ?? []);
      else entry.messages = [];
      entry.abortedTransactions = [];
    }
  }
  return answer;
}
