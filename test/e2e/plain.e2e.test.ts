import { expect, test } from '@jest/globals';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { whyNoJavaProducer, writeFromJava } from './support/java-producer.ts';
import { PARTITIONS, type TestPipeline, withPipeline } from './support/pipeline.ts';
import { counted, type Program } from './support/program.ts';
import { plainEvent } from './support/traffic.ts';
import { expectRight } from './support/verdict.ts';

const TROUBLE = [
  ...(['started', 'joined', 'merged', 'duplicate', 'late', 'undecodable', 'invalid', 'future', 'visitFull'] as const),
  ...(['amended', 'retracted', 'published'] as const),
];

describeReal('setup and run, as separate processes', () => {
  test('all that was written is folded, ends when traffic stops, and is published once, across an orderly restart', async () => {
    await withPipeline(stack(), 'plain', async (pipeline) => {
      await pipeline.setUp();
      const again = await pipeline.setUp();
      expect(again.out.at(-1)).toMatch(/^nothing was missing/);

      const before = pipeline.run();
      await before.ready();
      await pipeline.startWriting(1);
      await until('some are published', async () => (await pipeline.status()).some(({ published }) => published > 5));
      expect(await before.stop()).toEqual({ code: 0, signal: null });
      const left = await pipeline.status();
      expect(left.map(({ owner }) => owner)).toEqual(left.map(() => null));

      const second = pipeline.run();
      await second.ready();
      // Its threads join the group one by one: the first may hold a partition for a moment before another gets it.
      const taken = second.log().filter(({ msg }) => msg === 'partition taken over');
      const first = new Map(taken.reverse().map(({ partition, offset }) => [partition, offset]));
      expect([...first].sort()).toEqual(left.map(({ partition, nextOffset }) => [partition, nextOffset]));
      await until('all kinds of trouble were met', async () => {
        const counts = (await pipeline.status()).map((status) => status.counts);
        return TROUBLE.every((kind) => counts.some((one) => one[kind] > 0));
      });
      await pipeline.stopWriting();
      await pipeline.settled();
      await expectCounted(pipeline, second);
      expect(await second.stop()).toEqual({ code: 0, signal: null });
      await expectRight(pipeline, (await pipeline.writer()).written);
    });
  });

  test('at light traffic an event is in SQL soon, and its visit ends without another event', async () => {
    await withPipeline(stack(), 'light', async (pipeline) => {
      await pipeline.setUp();
      const program = pipeline.run({ TIDEMARK_COMMIT_INTERVAL: '5m', TIDEMARK_COMMIT_MAX_BYTES: '64MB' });
      await program.ready();
      const database = await pipeline.database();
      const writer = await pipeline.writer();
      const statusOf = async (session: string) => {
        const query = 'SELECT status, event_count FROM visits WHERE session_id = $1';
        return (await database.query(query, [session])).rows;
      };
      for (const session of ['one', 'two']) {
        await writer.write([plainEvent(session)]);
        await until('it is in SQL', async () => (await statusOf(session)).length === 1);
        expect(await statusOf(session)).toMatchObject([{ event_count: 1 }]);
        await until('it has ended', async () => (await statusOf(session))[0]?.status === 'ended');
      }
      await pipeline.settled();
      expect(await program.stop()).toEqual({ code: 0, signal: null });
      const answers = await expectRight(pipeline, writer.written);
      expect(answers.flatMap(({ published }) => published)).toHaveLength(2);
    });
  });

  const { java, jars } = stack();
  const why = whyNoJavaProducer({ java, jars });
  (why === null ? test : test.skip)(
    `what a producer in Java writes with Apache Avro is folded${why === null ? '' : ` (skipped: ${why})`}`,
    async () => {
      await withPipeline(stack(), 'java', async (pipeline) => {
        await pipeline.setUp();
        const program = pipeline.run();
        const written = await writeFromJava(pipeline, 7);
        await program.ready();
        await pipeline.settled();
        expect(await program.stop()).toEqual({ code: 0, signal: null });
        await expectRight(pipeline, written);
        const database = await pipeline.database();
        const { rows } = await database.query('SELECT profile_id, visit_count, event_count, traits FROM profiles');
        const traits = { language: 'Java ☕' };
        expect(rows).toEqual([{ profile_id: 'java-profile', visit_count: '7', event_count: '21', traits }]);
      });
    },
  );
});

/** What people and programs see of how far it is: `tidemark status --json` and `/metrics`. */
async function expectCounted(pipeline: TestPipeline, program: Program): Promise<void> {
  const { written } = await pipeline.writer();
  const { out } = await pipeline.command('status', '--json');
  const { partitions } = JSON.parse(out.join('\n')) as { partitions: { lag: number; ownerConnected: boolean }[] };
  expect(partitions.map(({ lag, ownerConnected }) => [lag, ownerConnected])).toEqual(
    Array.from({ length: PARTITIONS }, () => [0, true]),
  );
  expect(await counted(program, 'tidemark_records_total')).toBe(written);
  expect(await counted(program, 'tidemark_events_total')).toBe(written);
}
