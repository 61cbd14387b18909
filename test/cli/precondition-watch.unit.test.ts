import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { PreconditionWatch } from '../../src/cli/precondition-watch.ts';
import { judgeTopics } from '../../src/cli/preflight.ts';
import type { TopicDescription } from '../../src/kafka/topics.ts';
import { WrongSchemaVersion } from '../../src/postgres/migrate.ts';
import { MissingRoleRights } from '../../src/postgres/rights.ts';
import { VirtualClock } from '../processor/support/virtual-clock.ts';

const topic = (name: string, config: TopicDescription['config'] = {}, partitions = 6): TopicDescription => ({
  ...{ topic: name, partitions, replicas: 3 },
  config: { 'message.timestamp.type': 'LogAppendTime', 'max.message.bytes': '1000', ...config },
});

/** A watch that runs, and all that it reports. */
function startWatch() {
  const clock = new VirtualClock(0);
  const world = {
    topics: [topic('tracks'), topic('ended'), topic('dead'), topic('late')] as TopicDescription[] | Error,
    database: null as Error | null,
  };
  const before = world.topics as TopicDescription[];
  const log: string[] = [];
  const refused: string[] = [];
  let looks = 0;
  const logger = pino(
    { level: 'info' },
    {
      write: (line: string) => {
        const { level, msg } = JSON.parse(line) as { level: number; msg: string };
        log.push(`${pino.levels.labels[level]} ${msg}`);
      },
    },
  );
  const watch = new PreconditionWatch({
    topics: async () => {
      looks += 1;
      if (world.topics instanceof Error) throw world.topics;
      return world.topics;
    },
    before,
    judge: (topics) => judgeTopics(topics, 6, { input: { timestamps: 'append' } }, logger),
    database: async () => {
      if (world.database !== null) throw world.database;
    },
    clock,
    logger,
    refuse: ({ message }) => refused.push(message),
    close: async () => {},
  });
  watch.start();
  const change = (i: number, to: TopicDescription) => {
    world.topics = before.map((one, at) => (at === i ? to : one));
  };
  const stop = async () => {
    const stopped = watch.stop();
    await clock.pass(5_000);
    await stopped;
  };
  return { clock, world, log, refused, watch, change, stop, looks: () => looks };
}

describe('what the start looked at, while it runs', () => {
  test('is looked at again, and nothing is reported as long as nothing has changed', async () => {
    const { clock, log, refused, looks, stop } = startWatch();
    await clock.pass(100_000);
    expect({ log, refused, looks: looks() }).toEqual({ log: [], refused: [], looks: 3 });
    await stop();
  });

  test.each([
    ['partitions that were added to the input', topic('tracks', {}, 7), /^topic tracks has 7 partitions, and had 6/],
    [
      'stamps of producers',
      topic('tracks', { 'message.timestamp.type': 'CreateTime' }),
      /^topic tracks keeps the producers' timestamps.* Set message\.timestamp\.type=LogAppendTime/,
    ],
  ])('refuses %s, once it has seen them twice', async (_, changed, said) => {
    const { clock, log, refused, change, stop } = startWatch();
    await clock.pass(10_000);
    change(0, changed);
    await clock.pass(21_000);
    expect(refused).toEqual([]);
    await clock.pass(2_000);
    expect(refused).toEqual([expect.stringMatching(said)]);
    expect(log).toEqual(['fatal stopping: this cannot go on without a decision']);
    await clock.pass(60_000);
    expect(refused).toHaveLength(1);
    await stop();
  });

  test('is looked at on demand, and one answer of a broker that is behind is no refusal', async () => {
    const { clock, world, refused, watch, change, stop, looks } = startWatch();
    const before = world.topics;
    change(0, topic('tracks', {}, 5));
    watch.look();
    await clock.pass(1_000);
    expect(looks()).toBe(1);
    world.topics = before;
    await clock.pass(60_000);
    expect({ refused, looks: looks() }).toEqual({ refused: [], looks: 3 });
    await stop();
  });

  test('reports once what has changed and is no reason to stop', async () => {
    const { clock, log, refused, change, stop } = startWatch();
    change(1, topic('ended', { 'cleanup.policy': 'compact', 'max.message.bytes': '500' }, 12));
    await clock.pass(100_000);
    expect(log.sort()).toEqual([
      expect.stringMatching(/^warn messages of a session may go to another partition of ended/),
      expect.stringMatching(/^warn messages of up to 1000 bytes are made for ended, and it takes no more than 500/),
      'warn topic ended has changed while this processor runs: cleanup.policy',
      'warn topic ended has changed while this processor runs: max.message.bytes',
      'warn topic ended has changed while this processor runs: partitions',
      expect.stringMatching(/^warn topics that are compacted/),
    ]);
    expect(refused).toEqual([]);
    await stop();
  });

  test('has not changed if brokers only no longer give it', async () => {
    const { clock, log, change, stop } = startWatch();
    change(0, { ...topic('tracks'), config: null });
    await clock.pass(100_000);
    expect(log).toEqual([]);
    await stop();
  });

  test('refuses a topic that is gone, and waits for one that is made anew', async () => {
    const { clock, world, refused, stop } = startWatch();
    const before = world.topics;
    const gone = Object.assign(new Error('no such topic'), { type: 'UNKNOWN_TOPIC_OR_PARTITION' });
    world.topics = gone;
    await clock.pass(36_000);
    world.topics = before;
    await clock.pass(60_000);
    expect(refused).toEqual([]);
    world.topics = gone;
    await clock.pass(60_000);
    expect(refused).toEqual([expect.stringMatching(/does not exist: make it with tidemark setup/)]);
    await stop();
  });

  test('refuses a schema of the database that is newer', async () => {
    const { clock, world, refused, stop } = startWatch();
    world.database = new WrongSchemaVersion('schema tidemark was set up by a newer tidemark');
    await clock.pass(33_000);
    expect(refused).toEqual(['schema tidemark was set up by a newer tidemark']);
    await stop();
  });

  test('waits for a right in Postgres that was taken away, and names it', async () => {
    const { clock, world, log, refused, watch, stop } = startWatch();
    world.database = new MissingRoleRights('role run lacks rights');
    await clock.pass(70_000);
    expect(watch.hindrance).toBe('role run lacks rights');
    expect(log).toEqual(['warn role run lacks rights']);
    world.database = null;
    await clock.pass(6_000);
    expect(watch.hindrance).toBeNull();
    expect(log.at(-1)).toBe('info this role has all rights in Postgres again');
    expect(refused).toEqual([]);
    await stop();
  });
});
