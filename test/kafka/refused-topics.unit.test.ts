import { expect, test } from '@jest/globals';
import { topicNamed } from '../../src/kafka/refused-topics.ts';

const said = (type: string) => Object.assign(new Error('no'), { name: 'KafkaJSProtocolError', type, retriable: true });

/** A cluster that knows four topics, of which the broker refuses some. */
function cluster(refused: Readonly<Record<string, string>>) {
  const metadata = async ([topic]: string[]) => {
    if (topic! in refused) throw said(refused[topic!]!);
  };
  const brokerPool = { findConnectedBroker: async () => ({ metadata }) };
  return { targetTopics: new Set(['tracks', 'ended', 'dead', 'late']), brokerPool } as never;
}

test('of several topics that were asked for at once those that are refused are named, and what may pass is still told', async () => {
  const error = said('UNKNOWN_TOPIC_OR_PARTITION');
  const kinds = { ended: error.type, dead: 'LEADER_NOT_AVAILABLE', late: error.type };
  expect(await topicNamed(cluster(kinds), error)).toMatchObject({
    ...{ name: 'KafkaJSProtocolError', type: error.type, retriable: true, cause: error },
    message: 'topic ended, topic late: no',
  });
});

test('an error that is of no topic, or of one that is there by now, stays as it is', async () => {
  const other = said('NOT_LEADER_FOR_PARTITION');
  expect(await topicNamed(cluster({ ended: other.type }), other)).toBe(other);
  const over = said('UNKNOWN_TOPIC_OR_PARTITION');
  expect(await topicNamed(cluster({}), over)).toBe(over);
});
