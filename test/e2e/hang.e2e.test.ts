import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startCluster, whyNotCluster } from '../../src/local/cluster.ts';
import { freePorts } from '../../src/local/ports.ts';
import type { ClusterStack } from '../../src/local/stack.ts';
import { TcpProxy } from '../chaos/proxy.ts';
import { watchNothing } from '../chaos/watch.ts';
import { partsOf } from '../support/parts.ts';
import { until } from '../support/until.ts';
import { TestPipeline, withOutput } from './support/pipeline.ts';
import type { Program } from './support/program.ts';

const BROKERS = [0, 1, 2];

const why = await whyNotCluster(process.env);
const describeCluster = why === null ? describe : describe.skip;

describeCluster(`connections that hang, to brokers that are there${why === null ? '' : ` (skipped: ${why})`}`, () => {
  let proxies: TcpProxy[];
  let stack: ClusterStack;
  let pipeline: TestPipeline;
  let program: Program;

  beforeAll(async () => {
    proxies = await Promise.all(BROKERS.map(() => TcpProxy.listen(watchNothing)));
    const ports = await freePorts(BROKERS.length);
    for (const [i, proxy] of proxies.entries()) proxy.leadTo(ports[i]!);
    const advertised = proxies.map(({ port }) => port);
    stack = await startCluster({ listeners: [{ name: 'PROXY', ports, advertised }] });
    pipeline = new TestPipeline(partsOf(stack), 'hang');
    await pipeline.setUp();
    program = pipeline.run({ KAFKA_BROKERS: advertised.map((port) => `127.0.0.1:${port}`).join(',') });
    await program.ready();
    await pipeline.startWriting(1, 20);
    await goesOn();
  });

  afterAll(async () => {
    await pipeline?.end();
    for (const proxy of proxies) proxy.close();
    await stack?.stop();
  });

  // What passes over the connections that there are is dropped; new ones go through. The system itself would give up a
  // connection after a quarter of an hour only.
  test('to one of them: they are given up, and all is folded and published again', async () => {
    await withOutput(pipeline, async () => {
      for (const link of proxies[1]!.links) link.hold(true, true);
      await goesOn();
    });
  });

  test('to all of them: likewise', async () => {
    await withOutput(pipeline, async () => {
      for (const { links } of proxies) for (const link of links) link.hold(true, true);
      await goesOn();
    });
  });

  test('to one of them, and new ones to it as well: likewise, once it is reached again', async () => {
    await withOutput(pipeline, async () => {
      const skip = program.log().length;
      const proxy = proxies[0]!;
      proxy.hold(true, true);
      await program.logs(/^partitions cannot be read/, skip);
      const dropped = [...proxy.links];
      proxy.hold(false, false);
      for (const link of dropped) link.hold(true, true);
      await goesOn();
    });
  });

  test('nothing was lost, doubled or sent twice', async () => {
    await withOutput(pipeline, async () => {
      await pipeline.stopWriting();
      await pipeline.settled();
      expect(await program.stop()).toEqual({ code: 0, signal: null });
    });
  });

  /** Each partition is folded and published on from where it was at this moment. */
  async function goesOn(): Promise<void> {
    const status = await pipeline.status();
    const before = new Map(status.map((each) => [each.partition, each]));
    await until('each partition is folded and published on', async () => {
      const now = await pipeline.status();
      return now.every(({ partition, nextOffset, published, sequence }) => {
        const was = before.get(partition)!;
        return nextOffset > was.nextOffset && published > was.sequence && sequence > was.sequence;
      });
    });
  }
});
