/** Each right that `run` needs is taken away, one at a time, and the processor reports which. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Right, rightsFor } from '../../src/kafka/rights/declaration.ts';
import { tidemark } from '../cli/support/harness.ts';
import { stack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { TestPipeline, withOutput } from './support/pipeline.ts';
import { as, closeLinks, command, describeCluster, give, nameOf, neededBy, take } from './support/principals.ts';
import type { Program } from './support/program.ts';

/** Each has topics and groups of its own, and a processor; the rights are taken from as many at once. */
const LANES = 3;

describeCluster('a right of run that is taken away', () => {
  const lanes = Array.from({ length: LANES }, () => new TestPipeline(stack(), 'rights', { TIDEMARK_WORKERS: '1' }));

  beforeAll(async () => {
    await Promise.all(
      lanes.map(async (lane) => {
        const setup = await tidemark(['setup'], { env: lane.env });
        if (setup.code !== 0) throw new Error(setup.err);
        await give(await lane.admin(), rightsFor('run', lane.settings), 'run');
      }),
    );
  });

  afterAll(() => Promise.all([closeLinks(), ...lanes.map((lane) => lane.end())]));

  test('before its start ends it with exit 1, and is named', async () => {
    await onLanes(neededBy('run', lanes[0]!).length, async (lane, i) => {
      const right = neededBy('run', lane)[i]!;
      await take(await lane.admin(), right, 'run');
      const { code, out, err } = await command(lane, 'run', 'run');
      expect(err).toMatch(nameOf(right, 'run'));
      // Once more in the stack, because the log shows all.
      expect(new Set(err.match(/lacks the right.*/g)).size).toBe(1);
      expect({ code, joined: out.includes('partitions assigned') }).toEqual({ code: 1, joined: false });
      await give(await lane.admin(), [right], 'run');
    });
  });

  test('while it runs is named in the log, by /readyz and by status, and given back all goes on', async () => {
    const programs = new Map<TestPipeline, Program>();
    // One after the other: a start takes all that a small machine has.
    for (const [i, lane] of lanes.entries()) {
      const program = lane.run(as('run'));
      programs.set(lane, program);
      await withOutput(lane, () => program.ready());
      await lane.startWriting(i, 10);
    }
    await onLanes(rightsFor('run', lanes[0]!.settings).length, async (lane, i) => {
      const right = rightsFor('run', lane.settings)[i]!;
      await withOutput(lane, () => takenAway(lane, programs.get(lane)!, right));
    });
    await Promise.all(
      lanes.map(async (lane) => {
        await lane.stopWriting();
        await withOutput(lane, () => lane.settled());
        expect(await programs.get(lane)!.stop()).toEqual({ code: 0, signal: null });
      }),
    );
  });

  async function takenAway(lane: TestPipeline, program: Program, right: Right): Promise<void> {
    const admin = await lane.admin();
    const name = nameOf(right, 'run');
    const skip = program.log().length;
    await take(admin, right, 'run');
    await program.logs(name, skip);
    let said: unknown = null;
    try {
      await until(`status names ${right.operation} on ${right.resource.name}`, async () => {
        const status = await tidemark(['status', '--quick'], { env: lane.env });
        said = status;
        return name.test(status.out);
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${JSON.stringify(said)}`, { cause: error });
    }
    const ready = await program.get('/readyz');
    // What it can do without does not keep it from its work.
    if (right.without !== null) expect(ready.status).toBe(200);
    else
      expect({ status: ready.status, text: await ready.text() }).toEqual({
        status: 503,
        text: expect.stringMatching(name),
      });
    await give(admin, [right], 'run');
    await program.logs(/^this user has all rights again$/, skip);
    await program.ready();
  }

  /** Numbers below `count`, each done by one lane, one after the other. */
  async function onLanes(count: number, body: (lane: TestPipeline, i: number) => Promise<void>): Promise<void> {
    const left = Array.from({ length: count }, (_, i) => i);
    const work = async (lane: TestPipeline) => {
      for (let i = left.shift(); i !== undefined; i = left.shift()) await body(lane, i);
    };
    const ends = await Promise.allSettled(lanes.map(work));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
});
