import { expect, test } from '@jest/globals';
import { rulesOfLog } from '../core/support/logs.ts';
import { calmWorld } from '../simulator/calm.ts';
import { steady } from '../simulator/weather.ts';

test('a partition that could not be taken over is as soon as the group gives it again, whatever the group answers when asked', async () => {
  const world = calmWorld(rulesOfLog({ config: {} as never, outputDebug: false, steps: [] }));
  world.append(0, world.time.now, [null]);
  world.weather = steady({ share: 1 });
  const { input } = world.begin();
  // A group that rebalances all the time: whenever it is asked, nothing is settled.
  input.holds = async () => false;
  await world.time.pass(60_000);
  world.weather = steady({});
  await world.time.pass(60_000);
  expect(world.store.tables(0).state.nextOffset).toBe(0);
  world.topic.rebalance();
  await world.until(() => world.isQuiet, 'what the group gave again is folded', 2_000);
});
