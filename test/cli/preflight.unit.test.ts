import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { checkInput, limitOf, warnOfCompaction } from '../../src/cli/preflight.ts';
import type { TopicDescription } from '../../src/kafka/topics.ts';

const stamping = { 'message.timestamp.type': 'LogAppendTime' };
const topic = (config: TopicDescription['config'], partitions = 6): TopicDescription => ({
  ...{ topic: 'tracks', partitions, replicas: 3, config },
});

/** The warnings that were logged. */
function warnings(work: (logger: pino.Logger) => void): string[] {
  const lines: string[] = [];
  work(pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line).msg) }));
  return lines;
}

const check = (input: TopicDescription, timestamps: 'append' | 'create' = 'append') =>
  warnings((logger) => checkInput(input, 6, { input: { timestamps } }, logger));

describe('the input', () => {
  test('that the broker stamps is taken as it is', () => {
    expect(check(topic(stamping))).toEqual([]);
  });

  test('whose records the producers stamp is refused, unless that is wanted', () => {
    const theirs = topic({ 'message.timestamp.type': 'CreateTime' });
    expect(() => check(theirs)).toThrow(
      /Set message\.timestamp\.type=LogAppendTime on the topic, or set input\.timestamps/,
    );
    expect(check(theirs, 'create')).toEqual([]);
  });

  test.each([
    ['who stamps is not told', {}, /the brokers do not tell who stamps the records/],
    ['it may not be asked for', null, /allow DescribeConfigs on the topic/],
  ])('is not refused where %s', (_, config, said) => {
    expect(check(topic(config))).toEqual([expect.stringMatching(said)]);
  });

  test('with another number of partitions is refused', () => {
    expect(() => check(topic(stamping, 7))).toThrow(/has 7 partitions, and had 6 when the state was begun/);
  });
});

describe('compaction', () => {
  const said = (input: string | undefined, output: string | undefined) => {
    const [one, other] = [input, output].map((policy) =>
      topic(policy === undefined ? {} : { 'cleanup.policy': policy }),
    );
    return warnings((logger) => warnOfCompaction(one!, [other!], logger));
  };

  test('is reported with what it loses, for the input and for what is written', () => {
    expect(said('compact', 'compact,delete')).toEqual([
      expect.stringMatching(/^the input is compacted: .* Set cleanup\.policy=delete on it$/),
      expect.stringMatching(/^topics that are compacted: .* Set cleanup\.policy=delete on them$/),
    ]);
  });

  test.each([
    ['delete', 'delete'],
    [undefined, undefined],
  ])('is not told of %s', (input, output) => {
    expect(said(input, output)).toEqual([]);
  });
});

test('the largest message is the default of the brokers if they do not give it', () => {
  expect([topic({ 'max.message.bytes': '2000' }), topic({}), topic(null)].map(limitOf)).toEqual([
    2_000, 1_048_588, 1_048_588,
  ]);
});
