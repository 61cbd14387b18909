import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Random } from '../../src/simulate/random.ts';
import { describeReal, stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { PARTITIONS, type TestPipeline, withPipeline } from './support/pipeline.ts';
import type { Program } from './support/program.ts';
import { Together } from './support/together.ts';
import { expectRight } from './support/verdict.ts';

/** Where a processor dies, and at which time that it gets there. */
const FAILPOINTS = [
  ['store.committed', 9],
  ['store.copy', 14],
  ['output.produced', 6],
  ['output.end-txn-sent', 6],
  ['output.committed', 6],
] as const;

/** A dead processor's partitions stand still until the group has missed it, so these wait together. */
const together = new Together(4);
for (const [failpoint, time] of FAILPOINTS) {
  together.add(failpoint, () => withTraffic(failpoint, (pipeline) => dieAt(pipeline, failpoint, time)));
}
together.add('random', () => withTraffic('random', dieAtRandom));
together.add('zombie', () => withTraffic('zombie', comeBack));

describeReal('tables and topics are as without a crash', () => {
  beforeAll(() => together.start());
  afterAll(() => together.over(), 300_000);

  test.each(FAILPOINTS.map(([name]) => name))(
    'after SIGKILL at failpoint %s, with two processors in its place',
    (name) => together.end(name),
  );
  test('after SIGKILLs at random moments', () => together.end('random'));
  test('after a processor that had stood still until others had its partitions went on', () => together.end('zombie'));
});

/** What happens while the log is being written; then all of it is folded, and held against the reference. */
async function withTraffic(name: string, happen: (pipeline: TestPipeline) => Promise<Program[]>): Promise<void> {
  await withPipeline(stack(), name.replaceAll(/[.-]/g, '_'), async (pipeline) => {
    await pipeline.setUp();
    await pipeline.startWriting(name.length);
    const programs = await happen(pipeline);
    // What comes after the last of it is folded too.
    const before = await pipeline.status();
    await until('folding goes on', async () => {
      const now = await pipeline.status();
      return (
        now.length === PARTITIONS && now.every(({ nextOffset }, i) => nextOffset > (before[i]?.nextOffset ?? 0) + 10)
      );
    });
    await pipeline.stopWriting();
    await pipeline.settled();
    for (const program of programs) expect(await program.stop()).toEqual({ code: 0, signal: null });
    await expectRight(pipeline, (await pipeline.writer()).written);
  });
}

async function dieAt(pipeline: TestPipeline, failpoint: string, time: number): Promise<Program[]> {
  const victim = pipeline.run({ TIDEMARK_FAILPOINT: `${failpoint}:${time}` });
  expect(await victim.over()).toEqual({ code: null, signal: 'SIGKILL' });
  expect(victim.err).toContain(`failpoint ${failpoint} reached`);
  const heirs = [pipeline.run(), pipeline.run()];
  await Promise.all(heirs.map((heir) => heir.ready()));
  return heirs;
}

/** Several times, one of two processors, and another is started. */
async function dieAtRandom(pipeline: TestPipeline): Promise<Program[]> {
  const seed = Date.now() % 1_000_000;
  const random = new Random(seed);
  const alive = [pipeline.run(), pipeline.run()];
  await Promise.all(alive.map((program) => program.ready()));
  for (let i = 0; i < 3; i++) {
    // Not a time that anything takes: the moment is meant to be any.
    await sleep(random.between(100, 2_500));
    const victim = alive.splice(random.below(2), 1)[0]!;
    victim.kill('SIGKILL');
    expect(await victim.over()).toEqual({ code: null, signal: 'SIGKILL' });
    alive.push(pipeline.run());
  }
  await Promise.all(alive.map((program) => program.ready()));
  return alive;
}

/**
 * Stopped for so long that another processor has all of its partitions, and then let go on: with a commit that is
 * done, of which it has not heard yet, and records in memory that it has read and not folded.
 */
async function comeBack(pipeline: TestPipeline): Promise<Program[]> {
  const zombie = pipeline.run();
  await zombie.ready();
  await until('it has published', async () => (await pipeline.status()).some(({ published }) => published > 10));
  const lock = await pipeline.connect();
  await lock.query('BEGIN; SELECT FROM partition_state FOR UPDATE');
  await until('it has read on while its commits wait', async () => {
    const ends = await (await pipeline.admin()).fetchTopicOffsets(pipeline.name);
    const status = await pipeline.status();
    return status.every(({ partition, nextOffset }) => {
      const end = ends.find((one) => one.partition === partition)!;
      return Number(end.high) > nextOffset + 20;
    });
  });
  zombie.kill('SIGSTOP');
  const skip = zombie.log().length;
  await lock.query('ROLLBACK');
  await lock.end();

  const heir = pipeline.run();
  await until('the other one has all partitions', async () => {
    const owners = (await pipeline.status()).map(({ owner }) => owner);
    return owners.length === PARTITIONS && owners.every((owner) => owner?.endsWith(`:${heir.pid}`));
  });
  const taken = await pipeline.status();
  await until('the other one has folded on', async () =>
    (await pipeline.status()).every(({ nextOffset }, i) => nextOffset > taken[i]!.nextOffset),
  );
  zombie.kill('SIGCONT');
  await zombie.logs(/^partition taken over$/, skip);
  return [zombie, heir];
}
