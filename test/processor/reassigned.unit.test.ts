import { expect, test } from '@jest/globals';
import { rulesOfLog } from '../core/support/logs.ts';
import { World } from './support/world.ts';

test('a partition that could not be taken over is as soon as the group gives it again, whatever the group answers when asked', async () => {
  const world = new World(rulesOfLog({ config: {} as never, outputDebug: false, steps: [] }), 1, 1);
  const reader = world.topic.reader();
  // A group that rebalances all the time: whenever it is asked, nothing is settled.
  reader.holds = async () => false;
  world.topic.reader = () => reader;
  world.append(0, world.clock.now(), [null]);
  world.suffer({ share: 1, delay: 0 });
  world.begin();
  await world.clock.pass(60_000);
  world.suffer({ share: 0, delay: 0 });
  await world.clock.pass(60_000);
  expect(world.store.state(0)?.nextOffset ?? 0).toBe(0);
  world.topic.rebalance();
  await world.until(() => world.isQuiet, 'what the group gave again is folded', 2_000);
});
