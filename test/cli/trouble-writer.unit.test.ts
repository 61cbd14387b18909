import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { TroubleWriter } from '../../src/cli/trouble-writer.ts';
import type { PartitionReport, Wait } from '../../src/ports/observer.ts';
import { VirtualClock } from '../processor/support/virtual-clock.ts';

/** A writer that runs, the waits of its partition, and all that it wrote. */
function startWriter() {
  const clock = new VirtualClock(0);
  const world = { waits: [] as Wait[], hindrance: null as string | null, away: false };
  const written: unknown[] = [];
  const writer = new TroubleWriter({
    reports: () => [{ partition: 3, waits: world.waits } as unknown as PartitionReport],
    hindrance: () => world.hindrance,
    write: async (trouble) => {
      if (world.away) throw new Error('no Postgres');
      written.push(trouble);
    },
    clock,
    logger: pino({ level: 'silent' }),
  });
  writer.start();
  const stop = async () => {
    const stopped = writer.stop();
    await clock.pass(5_000);
    await stopped;
  };
  return { clock, world, written, writer, stop };
}

const wait = (since: number): Wait => ({ for: 'store', since, why: 'waits for Postgres: a commit is not answered' });

describe('what a processor writes for `status`', () => {
  test('is what its partitions wait for once that is long, again every five seconds, and its end', async () => {
    const { clock, world, written, stop } = startWriter();
    world.waits = [wait(clock.now())];
    await clock.pass(1_500);
    expect(written).toEqual([]);
    await clock.pass(1_500);
    const trouble = { text: '', waits: [{ partition: 3, ...world.waits[0] }] };
    expect(written).toEqual([trouble]);
    await clock.pass(10_000);
    expect(written).toEqual([trouble, trouble, trouble]);
    world.waits = [];
    await clock.pass(2_000);
    expect(written.slice(3)).toEqual([null]);
    await stop();
    expect(written.slice(4)).toEqual([]);
  });

  test('is written as soon as Postgres can be reached', async () => {
    const { clock, world, written, stop } = startWriter();
    world.away = true;
    world.waits = [wait(clock.now())];
    await clock.pass(60_000);
    expect(written).toEqual([]);
    world.away = false;
    await clock.pass(2_000);
    expect(written).toEqual([{ text: '', waits: [{ partition: 3, ...world.waits[0] }] }]);
    await stop();
    expect(written.at(-1)).toBeNull();
  });

  test('is why it cannot do its work, if no partition has a reason, and missing rights come first', async () => {
    const { clock, world, written, writer, stop } = startWriter();
    world.hindrance = 'not in consumer group g yet';
    await clock.pass(2_000);
    writer.note('lacks a right');
    await clock.pass(2_000);
    expect(written).toEqual([
      { text: 'not in consumer group g yet', waits: [] },
      { text: 'lacks a right', waits: [] },
    ]);
    await stop();
  });
});
