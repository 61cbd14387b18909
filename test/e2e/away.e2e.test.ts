import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { JavaStack, Part } from '../../src/local/stack.ts';
import { brokersOf, startOwnStack, whyNoOwnStack } from '../support/own-stack.ts';
import { partsOf } from '../support/parts.ts';
import { describeReal } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { TestPipeline, withOutput } from './support/pipeline.ts';
import type { Program } from './support/program.ts';
import { plainEvent } from './support/traffic.ts';
import { expectRight } from './support/verdict.ts';
import { registerSchemas } from './support/writer.ts';

/** An orderly end takes no longer, whatever is away, ms. */
const LEAVES_WITHIN = 10_000;

const why = await whyNoOwnStack();
const describeJava =
  why === null ? describeReal : (name: string, tests: () => void) => describe.skip(`${name} (skipped: ${why})`, tests);

describeJava('with a part away, run waits, says so, and goes on where it was', () => {
  let stack: JavaStack;
  let pipeline: TestPipeline;
  let program: Program;

  beforeAll(async () => {
    stack = await startOwnStack();
    pipeline = new TestPipeline(partsOf(stack), 'away');
    await fillRegistry();
    program = pipeline.run();
    await program.ready();
    await pipeline.startWriting(1, 20);
    await foldedOn();
  });

  afterAll(async () => {
    await pipeline?.end();
    await stack?.stop();
  });

  saying('Postgres', async () => {
    await away(stack.database, { running: /to be taken over again/, starting: /^waiting for Postgres$/ });
    await foldedOn();
  });

  saying('the schema registry, with records of a schema that it alone knows', async () => {
    const unseen = () => Array.from({ length: 8 }, (_, i) => plainEvent(`unseen-${i}`, {}, 'unseen'));
    const writing = async () => (await pipeline.writer()).write(unseen());
    await away(stack.registry, { running: /^waiting for the schema registry/, starting: null }, writing);
    // It has come back without what it held, and our own schema is not there either: that proves nothing about the records.
    const skip = program.log().length;
    await program.logs(/^waiting for the schema registry/, skip);
    await fillRegistry();
    await foldedOn();
  });

  saying('every broker', async () => {
    await pipeline.stopWriting();
    await away(brokersOf(stack), {
      running: /^(partitions cannot be read|consumer group \S+ does not answer)/,
      starting: /^waiting for Kafka$/,
    });
    await pipeline.reconnect();
    await pipeline.startWriting(2, 20);
    await foldedOn();
  });

  saying('all is as if nothing had been away', async () => {
    await pipeline.stopWriting();
    await pipeline.settled();
    expect(await program.stop(LEAVES_WITHIN)).toEqual({ code: 0, signal: null });
    await expectRight(pipeline, (await pipeline.writer()).written);
  });

  function saying(name: string, body: () => Promise<void>): void {
    test(name, () => withOutput(pipeline, body));
  }

  /** Ends a part, sees that it is logged and shown, that SIGTERM still works, and starts it again. */
  async function away(
    part: Pick<Part, 'kill' | 'start'>,
    says: { readonly running: RegExp; readonly starting: RegExp | null },
    meanwhile: () => Promise<unknown> = async () => {},
  ): Promise<void> {
    const other = pipeline.run();
    await other.ready();
    await until('both have partitions', async () => {
      const owners = new Set((await pipeline.status()).map(({ owner }) => owner));
      return [program, other].every(({ pid }) => [...owners].some((owner) => owner?.endsWith(`:${pid}`)));
    });
    const skip = program.log().length;
    await part.kill();
    await meanwhile();
    await Promise.all([program.logs(says.running, skip), other.logs(says.running)]);
    await until('/readyz says no', async () => (await program.get('/readyz')).status === 503);
    // A restart would not help.
    expect((await program.get('/livez')).status).toBe(200);
    expect(await other.stop(LEAVES_WITHIN)).toEqual({ code: 0, signal: null });
    if (says.starting !== null) {
      const late = pipeline.run();
      await late.logs(says.starting);
      await until('/readyz says what the start waits for', async () => {
        const { reason } = (await (await late.get('/readyz')).json()) as { readonly reason: string };
        return /^starting: waits for (Postgres|Kafka), since 20.*: ./.test(reason);
      });
      expect(await late.stop(LEAVES_WITHIN)).toEqual({ code: 0, signal: null });
    }
    expect(program.ended).toBeNull();
    await part.start();
  }

  /**
   * In the same order each time, which gives the same ids. Our own schema last: from then on what the registry does not
   * know is taken to be nothing that it ever will.
   */
  async function fillRegistry(): Promise<void> {
    await registerSchemas({ ...pipeline.parts, topic: pipeline.name });
    await pipeline.setUp();
  }

  /** Every partition is folded past where it ends now. */
  async function foldedOn(): Promise<void> {
    const admin = await pipeline.admin();
    const ends = await admin.fetchTopicOffsets(pipeline.name);
    await until('folding goes on', async () => {
      const status = await pipeline.status();
      return ends.every(({ partition, high }) => {
        const nextOffset = status.find((one) => one.partition === partition)?.nextOffset ?? 0;
        return nextOffset >= Number(high) && nextOffset > 0;
      });
    });
    await program.ready();
  }
});
