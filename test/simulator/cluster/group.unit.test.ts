import { describe, expect, test } from '@jest/globals';
import { VirtualTime } from '../time.ts';
import { Cluster } from './cluster.ts';
import type { Node } from './node.ts';
import type { Sender } from './refused.ts';

const ID = 'transactional id';

/** A cluster that nothing befalls but what a test does; messages between brokers take up to 5 ms. */
function calm(seed: number): { readonly cluster: Cluster; readonly time: VirtualTime } {
  const time = new VirtualTime(0);
  const world = {
    seed,
    outputs: { output: 1, 'dead-letter': 1, late: 1 },
    time,
    delay: 5,
    active: true,
    weakness: null,
    async pass() {},
    note() {},
    broken() {},
    shown() {},
    positioned() {},
  };
  return { cluster: new Cluster(world, [ID], 'group'), time };
}

/** One transaction that keeps an offset and is committed. Resolves as soon as its coordinator is done with it. */
async function keep({ transactions, group }: Cluster, time: VirtualTime, by: Sender, offset: number): Promise<void> {
  const coordinator = transactions.seatOf(ID).active!;
  transactions.add(coordinator, ID, by, [group]);
  group.keep(group.active!, ID, by, 0, offset);
  transactions.end(coordinator, ID, by, true);
  const isDone = () => {
    try {
      transactions.initProducerId(coordinator, ID, 1_000);
      return true;
    } catch {
      return false;
    }
  };
  await time.run(time.now + 1_000, isDone);
}

function answerOf({ group }: Cluster, node: Node): string {
  try {
    return String(group.kept(node, 0));
  } catch (error) {
    return (error as Error).message;
  }
}

describe('the coordinator of a group, asked for an offset', () => {
  test('that does not count yet says so, also where it is none any more and does not know it', async () => {
    let unstable = 0;
    for (let seed = 1; seed <= 50; seed++) {
      const { cluster, time } = calm(seed);
      const { group, transactions } = cluster;
      const by = transactions.initProducerId(transactions.seatOf(ID).active!, ID, 1_000);
      await keep(cluster, time, by, 7);
      const deposed = group.active!;
      const before = answerOf(cluster, deposed);
      cluster.moveCoordinator(0);
      expect(group.active).not.toBe(deposed);
      expect(answerOf(cluster, deposed)).toBe(before);
      expect(before).not.toBe('-1');
      if (before !== '7') unstable += 1;
      // What its successor knows comes to count there.
      await time.run(time.now + 5_000);
      expect(answerOf(cluster, group.active!)).toBe('7');
    }
    expect(unstable).toBeGreaterThan(0);
  });
});
