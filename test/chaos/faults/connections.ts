import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/simulate/random.ts';
import type { Ground } from '../ground.ts';
import type { Limit } from '../link.ts';
import type { TcpProxy } from '../proxy.ts';
import type { Far } from '../slot.ts';
import type { Work } from '../watch.ts';
import { aimed, aimOf, type Make, WORK } from './fault.ts';

const MOSTLY = ['broker', 'database', 'broker', 'database', 'registry'] as const;

export const cut: Make = (random, ground) => {
  const { slot, far, some, target, aim, delay } = aside(random, ground, MOSTLY);
  const away = random.chance(0.5) ? random.between(200, 4_000) : 0;
  const kind = `${far} connections cut`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      await aimed([slot], aim, delay);
      const inside = insideOf(some, far);
      const size = linksOf(some);
      for (const proxy of some) {
        proxy.refuse(away > 0);
        proxy.cut();
      }
      // Nothing to cut is no fault.
      if (size > 0)
        tell(kind, target, inside, `${size} of them${away > 0 ? `, refused for ${Math.round(away)} ms` : ''}`);
      await sleep(away);
      for (const proxy of some) proxy.refuse(false);
    },
  };
};

/** Nothing passes for a while; then what was held does. */
export const stalled: Make = (random, ground) => {
  const { slot, far, some, target, aim, delay } = aside(random, ground, MOSTLY);
  const ms = random.chance(0.3) ? random.between(10_000, 14_000) : random.between(200, 5_000);
  const up = random.chance(0.5);
  const kind = `${far} connections stalled`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      await aimed([slot], aim, delay);
      const inside = insideOf(some, far);
      for (const proxy of some) proxy.hold(up, true);
      tell(kind, target, inside, `${Math.round(ms)} ms, ${up ? 'both ways' : 'answers only'}`);
      await sleep(ms);
      for (const proxy of some) proxy.hold(false, false);
    },
  };
};

/** The connections that stand never give another byte, and stay; new ones can be had all the time. */
export const frozen =
  (far: Far): Make =>
  (random, ground) => {
    const { slot, some, target, aim, delay } = aside(random, ground, [far]);
    // Longer than the program waits: database.answer_timeout, and of a broker seconds.
    const [least, most] = far === 'database' ? [32_000, 45_000] : [5_000, 30_000];
    const ms = random.between(least, most);
    const kind = `${far} connections frozen`;
    return {
      kind,
      needs: [`${slot.name} ${far}`],
      run: async (tell) => {
        await aimed([slot], aim, delay);
        const inside = insideOf(some, far);
        const size = linksOf(some);
        const end = some.map((proxy) => proxy.freeze());
        if (size > 0) tell(kind, target, inside, `${size} of them, ${Math.round(ms)} ms`);
        await sleep(ms);
        for (const one of end) one();
      },
    };
  };

/** What was asked is done, and who asked never hears. */
export const answersLost: Make = (random, ground) => {
  const { slot, far, some, target, aim, delay } = aside(random, ground, ['broker', 'database']);
  const ms = random.between(5, 1_500);
  const kind = `${far} answers lost`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      await aimed([slot], aim, delay);
      const inside = insideOf(some, far);
      if (linksOf(some) === 0) return;
      for (const proxy of some) proxy.hold(false, true);
      tell(kind, target, inside, `held for ${Math.round(ms)} ms, then cut`);
      await sleep(ms);
      for (const proxy of some) {
        proxy.cut();
        proxy.hold(false, false);
      }
    },
  };
};

/** Bytes that a login takes at least, of a client and of a server: read in plain, and encrypted with its handshake. */
const LOGIN = { opened: 250, sealed: 1_200 };

/** For some seconds each new connection is cut before whoever made it has logged in. */
export const cutInLogin: Make = (random, { slots }) => {
  const slot = random.pick(slots);
  const far: Far = random.chance(0.75) ? 'broker' : 'database';
  const of: Limit['of'] = random.chance(0.6) ? 'client' : 'server';
  const bytes = 1 + random.below(slot.isOpened ? LOGIN.opened : LOGIN.sealed);
  const ms = random.between(500, 6_000);
  const kind = `${far} connections cut in the login`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      const proxies = slot.proxies[far];
      tell(kind, slot.name, insideOf(proxies, far), `for ${Math.round(ms)} ms after ${bytes} bytes of the ${of}`);
      for (const proxy of proxies) {
        proxy.limit({ of, bytes });
        proxy.cut();
      }
      await sleep(ms);
      for (const proxy of proxies) proxy.limit(null);
    },
  };
};

export const registryAway: Make = (random, { slots, spare }) => {
  const ms = random.between(3_000, 10_000);
  return {
    kind: 'registry away',
    needs: ['registry'],
    run: async (tell) => {
      const proxies = [...slots, spare].flatMap((slot) => slot.proxies.registry);
      for (const proxy of proxies) {
        proxy.refuse(true);
        proxy.cut();
      }
      tell('registry away', 'all processors', [], `${Math.round(ms)} ms`);
      await sleep(ms);
      for (const proxy of proxies) proxy.refuse(false);
    },
  };
};

/** Between a processor and one of the parts: of the brokers all of them or one. */
function aside(random: Random, { slots }: Ground, fars: readonly Far[]) {
  const [slot, far] = [random.pick(slots), random.pick(fars)];
  const which = random.below(3);
  const one = random.chance(0.5) && far === 'broker';
  const some = one ? [slot.proxies[far][which]!] : slot.proxies[far];
  const target = one ? `${slot.name} and broker ${which + 1}` : slot.name;
  const work = WORK[far];
  const aim = work === null ? null : aimOf(random, [work]);
  return { slot, far, some, target, aim, delay: random.between(0, 4) };
}

function insideOf(proxies: readonly TcpProxy[], far: Far): Work[] {
  const work = WORK[far];
  return work !== null && proxies.some((proxy) => proxy.isUnderWay()) ? [work] : [];
}

const linksOf = (proxies: readonly TcpProxy[]) => proxies.reduce((sum, { links }) => sum + links.size, 0);
