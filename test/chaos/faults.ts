import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Random } from '../../src/simulate/random.ts';
import type { Ground } from './ground.ts';
import { begins, type Far, type Slot } from './slot.ts';
import type { Work } from './watch.ts';

/** A fault struck. `inside`: what was under way where it struck, and had not been answered. */
export type Tell = (kind: string, target: string, inside: readonly Work[], more?: string) => void;

/** All that is random about it is decided when it is made. */
export interface Fault {
  readonly kind: string;
  /** Names of what no other fault may touch meanwhile. */
  readonly needs: readonly string[];
  /** Does the harm, tells of it, and mends what it did. */
  run(tell: Tell): Promise<void>;
}

type Make = (random: Random, ground: Ground) => Fault;

/** What share of the faults that can be aimed at a commit or a transaction is. */
const AIMED = 0.7;
/** How long an aimed fault waits for what it is aimed at, ms: then it strikes all the same. */
const PATIENCE = 8_000;

// ------------------------------------------------------------------------------------------------------ processors

const killed: Make = (random, { slots }) => {
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
const stopped =
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

/** Where the program kills itself: `inside` tells what it is in the middle of there. */
const FAILPOINTS: readonly { readonly name: string; readonly most: number; readonly inside: readonly Work[] }[] = [
  { name: 'store.copy', most: 8, inside: ['commit'] },
  { name: 'output.produced', most: 5, inside: ['transaction'] },
  { name: 'output.end-txn-sent', most: 5, inside: ['transaction'] },
  // The answer has come, and was not acted upon: after the commit, not inside it.
  { name: 'store.committed', most: 8, inside: [] },
  { name: 'output.committed', most: 5, inside: [] },
];

const failpoint =
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
        await slot.over(30_000);
        // Where it was given no partition it is not reached: then nothing struck.
        if (slot.isRunning) await slot.kill();
        else if ((await slot.said()).includes(`failpoint ${name} reached`)) tell(kind, slot.name, inside);
        else slot.complain(`ended before it reached the failpoint ${name}`);
        slot.start();
      },
    };
  };

/** A processor more, and one less again, faster than the group settles. */
const rebalances: Make = (random, { spare }) => {
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

const deploy: Make = (random, { slots }) => {
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

// ------------------------------------------------------------------------------------------------------------ parts

const postgresKilled: Make = (random, { stack, slots }) => {
  const aim = aimOf(random, ['commit']);
  const [away, delay] = [random.between(0, 2_500), random.between(0, 4)];
  return {
    kind: 'Postgres killed',
    needs: ['database'],
    run: async (tell) => {
      // The children first, known while their parent is there: else they would end what they are about in peace.
      const { pid } = stack.database;
      await aimed(slots, aim, delay);
      const inside = slots.flatMap((slot) => slot.underWay()).filter((work) => work === 'commit');
      const children = await childrenOf(pid);
      for (const one of [pid, ...children]) killIfThere(one);
      tell('Postgres killed', 'Postgres', inside, `with ${children.length} backends and helpers`);
      await stack.database.kill();
      await sleep(away);
      await stack.database.start();
    },
  };
};

const brokerKilled: Make = (random, { stack, slots }) => {
  const aim = aimOf(random, ['transaction']);
  const [away, delay] = [random.between(0, 2_500), random.between(0, 6)];
  return {
    kind: 'broker killed',
    needs: ['broker'],
    run: async (tell) => {
      await aimed(slots, aim, delay);
      const inside = slots.flatMap((slot) => slot.underWay()).filter((work) => work === 'transaction');
      const dead = stack.broker.kill('SIGKILL');
      tell('broker killed', 'broker', inside);
      await dead;
      await sleep(away);
      await stack.broker.start();
    },
  };
};

const terminated: Make = (random, { direct, slots }) => {
  const slot = random.pick(slots);
  const aim = aimOf(random, ['commit']);
  return {
    kind: 'backends terminated',
    needs: ['database'],
    run: async (tell) => {
      const client = new pg.Client(direct.databaseUrl);
      client.on('error', () => {});
      await client.connect();
      try {
        const link = await aimed([slot], aim, 0);
        // Held back, so that the commit is still unanswered when its backend is gone.
        link?.hold(true, true);
        const links = link === null ? [...slot.proxies.database.links] : [link];
        const inside = links.some(({ watch }) => watch.underWay.size > 0);
        const ports = links.map(({ server }) => server.localPort ?? 0);
        const { rows } = await client.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY ($1::int[])',
          [ports],
        );
        const surely = inside && links.some(({ watch }) => watch.underWay.size > 0);
        if (rows.length > 0) tell('backends terminated', slot.name, surely ? ['commit'] : [], `${rows.length} of them`);
        link?.hold(false, false);
      } finally {
        await client.end();
      }
    },
  };
};

// ------------------------------------------------------------------------------------------------------ connections

const WORK: Readonly<Record<Far, Work | null>> = { broker: 'transaction', database: 'commit', registry: null };

const cut: Make = (random, { slots }) => {
  const { slot, far, aim, delay } = aside(random, slots, ['broker', 'database', 'broker', 'database', 'registry']);
  const away = random.chance(0.5) ? random.between(200, 4_000) : 0;
  const kind = `${far} connections cut`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      const proxy = slot.proxies[far];
      await aimed([slot], aim, delay);
      const inside = insideOf(slot, far);
      proxy.refuse(away > 0);
      const { size } = proxy.links;
      proxy.cut();
      // Nothing to cut is no fault.
      if (size > 0)
        tell(kind, slot.name, inside, `${size} of them${away > 0 ? `, refused for ${Math.round(away)} ms` : ''}`);
      await sleep(away);
      proxy.refuse(false);
    },
  };
};

/** Nothing passes for a while; then what was held does. */
const stalled: Make = (random, { slots }) => {
  const { slot, far, aim, delay } = aside(random, slots, ['broker', 'database', 'broker', 'database', 'registry']);
  const ms = random.chance(0.3) ? random.between(10_000, 14_000) : random.between(200, 5_000);
  const up = random.chance(0.5);
  const kind = `${far} connections stalled`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      const proxy = slot.proxies[far];
      await aimed([slot], aim, delay);
      const inside = insideOf(slot, far);
      proxy.hold(up, true);
      tell(kind, slot.name, inside, `${Math.round(ms)} ms, ${up ? 'both ways' : 'answers only'}`);
      await sleep(ms);
      proxy.hold(false, false);
    },
  };
};

/** What was asked is done, and who asked never hears. */
const answersLost: Make = (random, { slots }) => {
  const { slot, far, aim, delay } = aside(random, slots, ['broker', 'database']);
  const ms = random.between(5, 1_500);
  const kind = `${far} answers lost`;
  return {
    kind,
    needs: [`${slot.name} ${far}`],
    run: async (tell) => {
      const proxy = slot.proxies[far];
      await aimed([slot], aim, delay);
      const inside = insideOf(slot, far);
      if (proxy.links.size === 0) return;
      proxy.hold(false, true);
      tell(kind, slot.name, inside, `held for ${Math.round(ms)} ms, then cut`);
      await sleep(ms);
      proxy.cut();
      proxy.hold(false, false);
    },
  };
};

const registryAway: Make = (random, { slots, spare }) => {
  const ms = random.between(3_000, 10_000);
  return {
    kind: 'registry away',
    needs: ['registry'],
    run: async (tell) => {
      const proxies = [...slots, spare].map((slot) => slot.proxies.registry);
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

// ------------------------------------------------------------------------------------------------------------- all

const WEIGHTS: readonly (readonly [Make, number])[] = [
  [killed, 4],
  [stopped('processor stopped and let go on', 300, 4_000), 2],
  [stopped('processor stopped, partitions lost', 12_000, 16_000), 2],
  ...FAILPOINTS.map((point) => [failpoint(point), 1] as const),
  [rebalances, 1],
  [deploy, 1],
  [postgresKilled, 2],
  [brokerKilled, 1],
  [terminated, 3],
  [cut, 3],
  [stalled, 3],
  [answersLost, 3],
  [registryAway, 1],
];

/** Endless; each kind comes as often as its weight in every round. The same seed gives the same faults. */
export function* faults(random: Random, ground: Ground): Generator<Fault, never> {
  for (;;) {
    const round = WEIGHTS.flatMap(([make, weight]) => Array.from({ length: weight }, () => make));
    for (let left = round.length; left > 0; left--) {
      const [make] = round.splice(random.below(left), 1) as [Make];
      yield make(random, ground);
    }
  }
}

function aimOf(random: Random, works: readonly Work[]): Work | null {
  return random.chance(AIMED) ? random.pick(works) : null;
}

/** Between a processor and one of the parts. */
function aside(random: Random, slots: readonly Slot[], fars: readonly Far[]) {
  const [slot, far] = [random.pick(slots), random.pick(fars)];
  const work = WORK[far];
  return { slot, far, aim: work !== null && random.chance(AIMED) ? work : null, delay: random.between(0, 4) };
}

/** Waits until one of the processors has connections, and then for what is aimed at. */
async function aimed(slots: readonly Slot[], aim: Work | null, delay: number) {
  const isThere = (slot: Slot) => slot.proxies[aim === 'transaction' ? 'broker' : 'database'].links.size > 1;
  for (let waited = 0; waited < PATIENCE && !slots.some(isThere); waited += 100) await sleep(100);
  if (aim === null) return null;
  const link = await begins(slots, aim, PATIENCE);
  if (delay >= 1) await sleep(delay);
  return link;
}

function insideOf(slot: Slot, far: Far): Work[] {
  return slot.underWay().filter((work) => work === WORK[far]);
}

async function childrenOf(pid: number): Promise<number[]> {
  // Linux tells; elsewhere they notice by themselves that their parent is gone.
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
