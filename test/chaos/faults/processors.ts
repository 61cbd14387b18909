import { setTimeout as sleep } from 'node:timers/promises';
import { patience } from '../options.ts';
import type { Work } from '../watch.ts';
import { aimed, aimOf, type Make } from './fault.ts';

export const killed: Make = (random, { slots }) => {
  const slot = random.pick(slots);
  const aim = aimOf(random, ['commit', 'transaction']);
  const [away, delay] = [random.between(0, 2_000), random.between(0, 4)];
  return {
    kind: 'processor killed',
    needs: [slot.name],
    run: async (tell) => {
      await aimed([slot], aim, delay);
      const inside = slot.underWay();
      slot.signal('SIGKILL');
      tell('processor killed', slot.name, inside);
      await slot.kill();
      await sleep(away);
      slot.start();
    },
  };
};

/** @param from @param to how long it stands still, ms: the group waits seven seconds for a member. */
export const stopped =
  (kind: string, from: number, to: number): Make =>
  (random, { slots }) => {
    const slot = random.pick(slots);
    const aim = aimOf(random, ['commit', 'transaction']);
    const [ms, delay] = [random.between(from, to), random.between(0, 4)];
    return {
      kind,
      needs: [slot.name],
      run: async (tell) => {
        await aimed([slot], aim, delay);
        const inside = slot.underWay();
        slot.signal('SIGSTOP');
        tell(kind, slot.name, inside, `${Math.round(ms)} ms`);
        await sleep(ms);
        slot.signal('SIGCONT');
      },
    };
  };

/** Where the program kills itself: `inside` is what it is in the middle of there. */
export const FAILPOINTS: readonly { readonly name: string; readonly most: number; readonly inside: readonly Work[] }[] =
  [
    { name: 'store.copy', most: 8, inside: ['commit'] },
    { name: 'output.produced', most: 5, inside: ['transaction'] },
    { name: 'output.end-txn-sent', most: 5, inside: ['transaction'] },
    // The answer has come, and was not acted upon: after the commit, not inside it.
    { name: 'store.committed', most: 8, inside: [] },
    { name: 'output.committed', most: 5, inside: [] },
  ];

export const failpoint =
  ({ name, most, inside }: (typeof FAILPOINTS)[number]): Make =>
  (random, { slots }) => {
    const slot = random.pick(slots);
    const time = 1 + random.below(most);
    const kind = `killed at ${name}`;
    return {
      kind,
      needs: [slot.name],
      run: async (tell) => {
        await slot.stop();
        slot.start({ TIDEMARK_FAILPOINT: `${name}:${time}` }, true);
        await slot.over(patience(30_000));
        // Where it was given no partition it is not reached: then nothing struck.
        if (slot.isRunning) await slot.kill();
        else if ((await slot.said()).includes(`failpoint ${name} reached`)) tell(kind, slot.name, inside);
        else if (!slot.mayRefuse) slot.complain(`ended before it reached the failpoint ${name}`);
        slot.start();
      },
    };
  };

/** A processor more, and one less again, faster than the group settles. */
export const rebalances: Make = (random, { spare }) => {
  const rounds = Array.from({ length: 3 }, () => ({ ms: random.between(900, 3_000), kill: random.chance(0.3) }));
  return {
    kind: 'rebalances in succession',
    needs: [spare.name],
    run: async (tell) => {
      tell('rebalances in succession', spare.name, [], `${rounds.length} times`);
      for (const { ms, kill } of rounds) {
        spare.start();
        await sleep(ms);
        await (kill ? spare.kill() : spare.stop());
      }
    },
  };
};

export const deploy: Make = (random, { slots }) => {
  const waits = slots.map(() => random.between(500, 3_000));
  return {
    kind: 'deploy',
    needs: slots.map(({ name }) => name),
    run: async (tell) => {
      tell('deploy', 'all processors', [], 'SIGTERM, one after the other');
      for (const [i, slot] of slots.entries()) {
        await slot.stop();
        slot.start();
        await sleep(waits[i]);
      }
    },
  };
};
