import { describe, expect, test } from '@jest/globals';
import { reportIn, VARIANTS, variantsOf } from '../../bench/peers/variants.ts';
import { differences, type InTables, type InTopic } from '../../bench/run/check.ts';
import type { Answer } from '../../bench/workload/answer.ts';

const ANSWER: Answer = {
  events: 100,
  visits: 10,
  closing: 2,
  sessions: 9,
  duration: 5_000,
  profiles: { profiles: 4, visits: 12, events: 102, mixed: 999 },
};
const TABLES: InTables = {
  visits: 12,
  events: 102,
  open: 0,
  duration: 5_000,
  profiles: 4,
  profileVisits: 12,
  profileEvents: 102,
  mixed: 999,
};
const TOPIC: InTopic = { messages: 12, visits: 12, events: 102, duplicates: 0, revised: 0 };

describe('an answer', () => {
  test('that is right is not complained of', () => {
    expect(differences(ANSWER, TABLES, TOPIC)).toEqual([]);
  });

  test.each(Object.keys(TABLES) as (keyof InTables)[])('with another %s in SQL is wrong', (name) => {
    expect(differences(ANSWER, { ...TABLES, [name]: TABLES[name] + 1 }, TOPIC)).toHaveLength(1);
  });

  test.each(Object.keys(TOPIC) as (keyof InTopic)[])('with other %s in the topic is wrong', (name) => {
    expect(differences(ANSWER, TABLES, { ...TOPIC, [name]: TOPIC[name] + 1 })).toHaveLength(1);
  });

  test('of which not all is known is held to what is', () => {
    const known = { ...ANSWER, profiles: null, duration: null, sessions: null };
    expect(differences(known, { ...TABLES, mixed: 1, duration: 1, profiles: 1 }, TOPIC)).toEqual([]);
    expect(differences(known, { ...TABLES, profileVisits: 1 }, TOPIC)).toHaveLength(1);
  });
});

const FLINK = {
  variant: 'full',
  seconds_since_jvm_start: 14.2,
  seconds_since_first_record: 10,
  cpu_seconds: 20,
  peak_rss_mb: 780,
  visits: 10,
  events: 100,
  duplicates: 0,
  db_visits: 12,
  db_events: 102,
  db_profiles_visits: 12,
  db_profiles_events: 102,
};
const STREAMS = {
  done: true,
  seconds: 10,
  seconds_since_start: 12,
  cpu_s: 20,
  peak_rss_mib: 1200,
  visits: 10,
  events: 100,
  duplicates: 0,
  profile_visits: 10,
};

describe("a peer's report", () => {
  const variant = (key: string) => VARIANTS.find((one) => one.key === key)!;

  test('is found among what else is printed', () => {
    const printed = `SLF4J: nothing\n{"level":"info"}\n${JSON.stringify(FLINK)}\n{"after":{"visits":3}}\n`;
    expect(reportIn(printed)).toEqual(FLINK);
    expect(() => reportIn('Exception in thread main\n')).toThrow('Exception in thread main');
  });

  test.each([
    ['flink-heap', FLINK],
    ['kafka-streams-hash', STREAMS],
  ])('of %s is read', (key, said) => {
    expect(variant(key).read(said, ANSWER)).toMatchObject({ seconds: 10, cpu: 20, visits: 10, events: 100, wrong: [] });
  });

  test.each([
    ['flink-heap', { ...FLINK, visits: 9 }],
    ['flink-heap', { ...FLINK, duplicates: 1 }],
    ['flink-heap', { ...FLINK, db_profiles_events: 100 }],
    ['kafka-streams-hash', { ...STREAMS, done: false }],
    ['kafka-streams-hash', { ...STREAMS, events: 99 }],
    ['kafka-streams-hash', { ...STREAMS, profile_visits: 9 }],
  ])('of %s that is wrong does not count', (key, said) => {
    expect(variant(key).read(said, ANSWER).wrong).toHaveLength(1);
  });

  test('without a figure is no report', () => {
    const { cpu_seconds: _, ...said } = FLINK;
    expect(() => variant('flink-heap').read(said, ANSWER)).toThrow('cpu_seconds');
  });

  test('is wanted of those that are named, whole or from the beginning', () => {
    expect(variantsOf(null)).toEqual(VARIANTS);
    expect(variantsOf('flink').map(({ key }) => key)).toEqual(['flink-heap', 'flink-rocksdb']);
    expect(variantsOf('kafka-streams-hash').map(({ key }) => key)).toEqual(['kafka-streams-hash']);
    expect(() => variantsOf('fl')).toThrow('--only fl');
  });
});
