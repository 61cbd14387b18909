import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Admin } from 'kafkajs';
import { type Right, rightsFor, type Use } from '../../src/kafka/rights/declaration.ts';
import { run } from '../../src/local/run.ts';
import { stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { TestPipeline, withOutput } from './support/pipeline.ts';
import {
  as,
  closeLinks,
  command,
  describeCluster,
  give,
  grantPrinted,
  nameOf,
  neededBy,
  propertiesFor,
  take,
} from './support/principals.ts';

describeCluster('with exactly the rights that setup --print-grants prints', () => {
  let pipeline: TestPipeline;
  let admin: Admin;
  let group: string;

  beforeAll(async () => {
    pipeline = new TestPipeline(stack(), 'grants', { TIDEMARK_INPUT_FORMAT: 'json', TIDEMARK_LOG_LEVEL: 'info' });
    group = `${pipeline.name}-readers`;
    admin = await pipeline.admin();
    const uses = ['setup', 'run', 'retry', 'simulate', 'reader', 'producer', 'consumer'] as const;
    await grantPrinted(admin, pipeline, uses, group);
  });

  afterAll(() => Promise.all([closeLinks(), pipeline.end()]));

  const endOf = async (topic: string) =>
    (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);

  test('setup makes the topics, and run publishes visits and dead letters', async () => {
    await withOutput(pipeline, async () => {
      const setup = pipeline.start(['setup'], as('setup'));
      expect(await setup.over()).toEqual({ code: 0, signal: null });
      expect(setup.err.filter((line) => line.includes('"level":"fatal"'))).toEqual([]);

      const program = pipeline.run(as('run'));
      await program.ready();
      const events = ['simulate', '--events', '300', '--rate', '300', '--broken', '0.1', '--gap', '500ms'];
      expect(await command(pipeline, 'simulate', ...events)).toMatchObject({ code: 0 });
      const { output, deadLetter } = pipeline.settings;
      await until('visits are published', async () => (await endOf(output.topic)) > 0);
      await until('dead letters are', async () => (await endOf(deadLetter.topic)) > 0);
      expect(program.log().filter(({ msg }) => /lacks the right/.test(msg))).toEqual([]);
    });
  });

  test('readers see how far it is and what was set aside, and retry sends that again', async () => {
    await withOutput(pipeline, async () => {
      const status = await command(pipeline, 'reader', 'status', '--quick', '--json');
      expect(status).toMatchObject({ code: 0, err: '' });
      expect(JSON.parse(status.out)).toMatchObject({ troubles: [] });
      const list = await command(pipeline, 'reader', 'dead-letter', 'list', '--json');
      expect((JSON.parse(list.out) as { total: number }).total).toBeGreaterThan(0);
      expect(await command(pipeline, 'reader', 'late', 'list')).toMatchObject({ code: 0, err: '' });
      const retry = await command(pipeline, 'retry', 'dead-letter', 'retry', '--json');
      expect(retry).toMatchObject({ code: 0 });
      expect((JSON.parse(retry.out) as { sent: number }).sent).toBeGreaterThan(0);
    });
  });

  const { java, jars, brokers } = stack();
  const tool = (main: string, ...args: string[]) =>
    run(java, ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', `${jars}/*`, `org.apache.kafka.tools.${main}`, ...args], {
      env: process.env,
    });

  test("producers and consumers are Kafka's own", async () => {
    const at = ['--bootstrap-server', brokers.join(',')];
    const { input, output } = pipeline.settings;
    const before = await endOf(input.topic);
    const perf = ['--topic', input.topic, '--num-records', '5', '--record-size', '9', '--throughput', '-1'];
    const producer = [
      '--producer.config',
      propertiesFor('producer'),
      '--producer-props',
      `bootstrap.servers=${brokers}`,
    ];
    await tool('ProducerPerformance', ...perf, ...producer);
    // Markers of transactions may come meanwhile.
    expect((await endOf(input.topic)) - before).toBeGreaterThanOrEqual(5);
    const consumer = ['--consumer.config', propertiesFor('consumer'), '--group', group];
    const read = ['--topic', output.topic, '--from-beginning', '--max-messages', '1', '--timeout-ms', '30000'];
    expect(await tool('consumer.ConsoleConsumer', ...at, ...consumer, ...read)).not.toBe('');
  });

  const COMMANDS = {
    setup: ['setup'],
    simulate: ['simulate', '--events', '1'],
    retry: ['dead-letter', 'retry', '--again'],
  } as const;

  test.each(['setup', 'simulate', 'retry'] as const)('%s names each right that it lacks, and exits 1', async (use) => {
    await withOutput(pipeline, async () => {
      for (const right of neededBy(use, pipeline)) {
        // With the topics there, nothing has to be made.
        if (right.operation === 'Create') continue;
        await without(use, right, async () => {
          const { code, err } = await command(pipeline, use, ...COMMANDS[use]);
          expect(err).toMatch(nameOf(right, use));
          expect(code).toBe(1);
        });
      }
    });
  });

  test('setup names what it lacks to make a topic', async () => {
    const env = { ...pipeline.env, TIDEMARK_LATE_TOPIC: `${pipeline.name}-other` };
    const other = new TestPipeline(stack(), 'grants', { ...env, TIDEMARK_INPUT_TOPIC: pipeline.name });
    const rights = rightsFor('setup', other.settings);
    await give(admin, rights, 'setup');
    const right = rights.find(({ resource, operation }) => operation === 'Create' && resource.name.endsWith('-other'))!;
    await without('setup', right, async () => {
      const { code, err } = await command(other, 'setup', 'setup');
      expect(err).toMatch(nameOf(right, 'setup'));
      expect(code).toBe(1);
    });
  });

  test('readers are told which right they lack', async () => {
    const [input, deadLetter, late] = neededBy('reader', pipeline);
    await without('reader', input!, async () => {
      const { err, code } = await command(pipeline, 'reader', 'status', '--quick');
      expect(err).toMatch(nameOf(input!, 'reader'));
      expect(code).toBe(3);
    });
    for (const [right, argv] of [
      [deadLetter!, ['dead-letter', 'list']],
      [late!, ['late', 'list']],
    ] as const) {
      await without('reader', right, async () => {
        const { err, code } = await command(pipeline, 'reader', ...argv);
        expect(err).toMatch(nameOf(right, 'reader'));
        expect(code).toBe(1);
      });
    }
  });

  async function without(use: Use, right: Right, body: () => Promise<void>) {
    await take(admin, right, use);
    try {
      await body();
    } finally {
      await give(admin, [right], use);
    }
  }
});
