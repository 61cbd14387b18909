import { describe, expect, test } from '@jest/globals';
import { CannotGoOn } from '../../src/ports/errors.ts';
import { rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';

/** A partition of which some records are folded, and a reader that reports its log to be in question before it goes on. */
async function questioned() {
  const world = calmWorld(rulesOfLog({ config: {} as never, outputDebug: false, steps: [] }));
  const append = () => world.append(0, world.time.now, [null]);
  for (let i = 0; i < 5; i++) append();
  const host = world.begin();
  await world.until(() => world.isQuiet, 'all is folded');
  const epoch = () => host.processor.reports()[0]!.epoch;
  const before = epoch();
  return { world, host, append, isSameEpoch: () => epoch() === before };
}

describe('a log that is in question', () => {
  test('is read on without a take-over where the record folded last is still there', async () => {
    const { world, host, append, isSameEpoch } = await questioned();
    for (let i = 0; i < 3; i++) {
      host.processor.questioned(0);
      append();
      await world.until(() => world.isQuiet, 'what came since is folded');
    }
    expect(host.error).toBeNull();
    expect(isSameEpoch()).toBe(true);
    expect(world.store.tables(0).state.counts.records).toBe(8);
  });

  test('is folded no further where another record stands there, however much has come', async () => {
    const { world, host, append } = await questioned();
    world.topic.replace(0, Buffer.from('[null,null]'));
    host.processor.questioned(0);
    for (let i = 0; i < 20; i++) append();
    await world.until(() => host.error !== null, 'it stops');
    expect(host.error).toBeInstanceOf(CannotGoOn);
    expect(host.error!.message).toMatch(
      /^partition 0 of tracks: offset 4 holds another record.*The topic was made anew/,
    );
    expect(world.store.tables(0).state.counts.records).toBe(5);
  });
});
