import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../src/simulate/random.ts';
import type { ChaosGround } from '../ground.ts';
import type { Limit } from '../link.ts';
import type { TcpProxy } from '../proxy.ts';
import type { Far } from '../slot.ts';
import type { Work } from '../watch.ts';
import { aimed, aimOf, type Fault, type Make, WORK } from './fault.ts';

const MOSTLY = ['broker', 'database', 'broker', 'database', 'registry'] as const;

export const cut: Make = (random, ground) => {
  const at = aside(random, ground, MOSTLY);
  const ms = random.chance(0.5) ? random.between(200, 4_000) : 0;
  return onConnections(at, `${at.far} connections cut`, ms, (links) => {
    for (const proxy of at.proxies) {
      proxy.refuse(ms > 0);
      proxy.cut();
    }
    return {
      // Nothing to cut is no fault.
      more: links === 0 ? null : `${links} of them${ms > 0 ? `, refused for ${Math.round(ms)} ms` : ''}`,
      mend: (proxy) => proxy.refuse(false),
    };
  });
};

/** Nothing passes for a while; then what was held does. */
export const stalled: Make = (random, ground) => {
  const at = aside(random, ground, MOSTLY);
  const ms = random.chance(0.3) ? random.between(10_000, 14_000) : random.between(200, 5_000);
  const up = random.chance(0.5);
  return onConnections(at, `${at.far} connections stalled`, ms, () => {
    for (const proxy of at.proxies) proxy.hold(up, true);
    return {
      more: `${Math.round(ms)} ms, ${up ? 'both ways' : 'answers only'}`,
      mend: (proxy) => proxy.hold(false, false),
    };
  });
};

/** The connections that stand never give another byte, and stay; new ones can be had all the time. */
export const frozen =
  (far: Far): Make =>
  (random, ground) => {
    const at = aside(random, ground, [far]);
    // Longer than the program waits: database.answer_timeout, and of a broker seconds.
    const [least, most] = far === 'database' ? [32_000, 45_000] : [5_000, 30_000];
    const ms = random.between(least, most);
    return onConnections(at, `${far} connections frozen`, ms, (links) => {
      const thaw = new Map(at.proxies.map((proxy) => [proxy, proxy.freeze()]));
      return {
        more: links === 0 ? null : `${links} of them, ${Math.round(ms)} ms`,
        mend: (proxy) => thaw.get(proxy)!(),
      };
    });
  };

/** The question is done, and its asker never gets the answer. */
export const answersLost: Make = (random, ground) => {
  const at = aside(random, ground, ['broker', 'database']);
  const ms = random.between(5, 1_500);
  return onConnections(at, `${at.far} answers lost`, ms, (links) => {
    if (links === 0) return null;
    for (const proxy of at.proxies) proxy.hold(false, true);
    return {
      more: `held for ${Math.round(ms)} ms, then cut`,
      mend: (proxy) => {
        proxy.cut();
        proxy.hold(false, false);
      },
    };
  });
};

/** Bytes that a login takes at least, of a client and of a server: read in plain, and encrypted with its handshake. */
const LOGIN = { opened: 250, sealed: 1_200 };

/** For some seconds each new connection is cut before its maker has logged in. */
export const cutInLogin: Make = (random, { slots }) => {
  const slot = random.pick(slots);
  const far: Far = random.chance(0.75) ? 'broker' : 'database';
  const of: Limit['of'] = random.chance(0.6) ? 'client' : 'server';
  const bytes = 1 + random.below(slot.isOpened ? LOGIN.opened : LOGIN.sealed);
  const ms = random.between(500, 6_000);
  const at = { needs: `${slot.name} ${far}`, target: slot.name, far, proxies: slot.proxies[far] };
  return onConnections(at, `${far} connections cut in the login`, ms, () => {
    for (const proxy of at.proxies) {
      proxy.limit({ of, bytes });
      proxy.cut();
    }
    return {
      more: `for ${Math.round(ms)} ms after ${bytes} bytes of the ${of}`,
      mend: (proxy) => proxy.limit(null),
    };
  });
};

export const registryAway: Make = (random, { slots, spare }) => {
  const ms = random.between(3_000, 10_000);
  const proxies = [...slots, spare].flatMap((slot) => slot.proxies.registry);
  const at = { needs: 'registry', target: 'all processors', far: 'registry', proxies } as const;
  return onConnections(at, 'registry away', ms, () => {
    for (const proxy of proxies) {
      proxy.refuse(true);
      proxy.cut();
    }
    return { more: `${Math.round(ms)} ms`, mend: (proxy) => proxy.refuse(false) };
  });
};

/** Where a fault strikes. */
interface Place {
  readonly needs: string;
  readonly target: string;
  readonly far: Far;
  readonly proxies: readonly TcpProxy[];
  /** Resolves when it is to strike; where there is none it strikes at once. */
  readonly moment?: () => Promise<unknown>;
}

interface Harm {
  /** For the report; null: nothing was struck. */
  readonly more: string | null;
  readonly mend: (proxy: TcpProxy) => void;
}

/** Waits for its moment, strikes, reports it, and mends it after `ms`. @param strike null: there is nothing to strike. */
function onConnections(at: Place, kind: string, ms: number, strike: (links: number) => Harm | null): Fault {
  const { needs, target, far, proxies, moment } = at;
  return {
    kind,
    needs: [needs],
    run: async (tell) => {
      await moment?.();
      const inside = insideOf(proxies, far);
      const harm = strike(proxies.reduce((sum, { links }) => sum + links.size, 0));
      if (harm === null) return;
      const { more, mend } = harm;
      if (more !== null) tell(kind, target, inside, more);
      await sleep(ms);
      for (const proxy of proxies) mend(proxy);
    },
  };
}

/** Between a processor and one of the parts: of the brokers all of them or one. */
function aside(random: Random, { slots }: ChaosGround, fars: readonly Far[]): Place {
  const [slot, far] = [random.pick(slots), random.pick(fars)];
  const which = random.below(3);
  const one = random.chance(0.5) && far === 'broker';
  const proxies = one ? [slot.proxies[far][which]!] : slot.proxies[far];
  const target = one ? `${slot.name} and broker ${which + 1}` : slot.name;
  const work = WORK[far];
  const aim = work === null ? null : aimOf(random, [work]);
  const delay = random.between(0, 4);
  return { needs: `${slot.name} ${far}`, target, far, proxies, moment: () => aimed([slot], aim, delay) };
}

function insideOf(proxies: readonly TcpProxy[], far: Far): Work[] {
  const work = WORK[far];
  return work !== null && proxies.some((proxy) => proxy.isUnderWay()) ? [work] : [];
}
