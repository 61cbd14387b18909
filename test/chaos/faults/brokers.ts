import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterNode } from '../../../src/local/types.ts';
import type { Random } from '../../../src/simulate/random.ts';
import { INTERNAL } from '../control.ts';
import type { ChaosGround } from '../ground.ts';
import { patience } from '../options.ts';
import { NAME, PARTITIONS } from '../settings.ts';
import type { Work } from '../watch.ts';
import { aimed, aimOf, type Make } from './fault.ts';

/** What a broker is that a fault meets. */
const ROLES = ['any broker', 'leader', 'group coordinator', 'transaction coordinator', 'controller'] as const;
type Role = (typeof ROLES)[number];

/** One broker at a time is away, or none: so that two of three are there, but where that is the fault. */
export const CLUSTER = 'cluster';

export const brokerKilled =
  (role: Role): Make =>
  (random, ground) => {
    const find = finder(random, ground, role);
    const aim = aimOf(random, ['transaction']);
    const [away, delay] = [random.between(0, 4_000), random.between(0, 6)];
    const kind = `${role} killed`;
    return {
      kind,
      needs: [CLUSTER],
      run: async (tell) => {
        const { node, why } = await find();
        await aimed(ground.slots, aim, delay);
        const inside = transactionsIn(ground);
        const dead = node.kill('SIGKILL');
        tell(kind, node.name, inside, why);
        await dead;
        await sleep(away);
        await node.start();
        await inSync(ground);
      },
    };
  };

/** It stands still: connections stay, nothing is answered, and it may think that it still leads when it goes on. */
export const brokerFrozen: Make = (random, ground) => {
  const find = finder(random, ground, random.pick(ROLES));
  const aim = aimOf(random, ['transaction']);
  const [ms, delay] = [random.chance(0.5) ? random.between(1_000, 5_000) : random.between(5_000, 20_000), 0];
  return {
    kind: 'broker frozen',
    needs: [CLUSTER],
    run: async (tell) => {
      const { node, why } = await find();
      await aimed(ground.slots, aim, delay);
      const inside = transactionsIn(ground);
      process.kill(node.pid, 'SIGSTOP');
      tell('broker frozen', node.name, inside, `${Math.round(ms)} ms; ${why}`);
      await sleep(ms);
      process.kill(node.pid, 'SIGCONT');
      await inSync(ground);
    },
  };
};

/** A broker hands over what it leads before it ends; one that does not get to it is killed. */
const END_WITHIN = patience(30_000);

export const rollingRestart: Make = (random, ground) => {
  const { nodes } = ground.stack;
  const first = random.below(nodes.length);
  return {
    kind: 'rolling restart',
    needs: [CLUSTER],
    run: async (tell) => {
      tell('rolling restart', 'all brokers', [], 'SIGTERM, one after the other');
      for (let i = 0; i < nodes.length; i++) {
        const node = nodes[(first + i) % nodes.length]!;
        const late = setTimeout(() => void node.kill('SIGKILL'), END_WITHIN);
        await node.kill('SIGTERM');
        clearTimeout(late);
        await node.start();
        await inSync(ground);
      }
    },
  };
};

/** No majority is left: nothing is written, and no broker leads, until they are back. */
export const majorityKilled: Make = (random, ground) => {
  const spared = random.below(ground.stack.nodes.length);
  const aim = aimOf(random, ['transaction']);
  const [away, delay] = [random.between(0, 4_000), random.between(0, 6)];
  return {
    kind: 'two of three brokers killed',
    needs: [CLUSTER],
    run: async (tell) => {
      const nodes = ground.stack.nodes.filter((_, i) => i !== spared);
      await aimed(ground.slots, aim, delay);
      const inside = transactionsIn(ground);
      await ground.shut(async () => {
        const dead = nodes.map((node) => node.kill('SIGKILL'));
        tell('two of three brokers killed', nodes.map(({ name }) => name).join(' and '), inside);
        await Promise.all(dead);
        await sleep(away);
        await Promise.all(nodes.map((node) => node.start()));
        await inSync(ground);
      });
    },
  };
};

async function inSync({ control, settings }: ChaosGround): Promise<void> {
  const { input, output, deadLetter, late } = settings;
  await control.inSync([input.topic, output.topic, deadLetter.topic, late.topic, ...INTERNAL]);
}

/** Finds the node that has the role when it is called. */
function finder(random: Random, { stack, control, settings }: ChaosGround, role: Role) {
  const topic = random.pick([settings.input, settings.output, settings.deadLetter, settings.late]).topic;
  const [partition, any] = [random.below(PARTITIONS), random.below(stack.nodes.length)];
  const transactionalId = `${NAME}.${NAME}.${partition}`;
  const named = (id: number, why: string) => ({ node: nodeOf(stack.nodes, id), why });
  return async (): Promise<{ readonly node: ClusterNode; readonly why: string }> => {
    switch (role) {
      case 'any broker':
        return named(any + 1, 'any');
      case 'leader': {
        const places = await control.places(topic);
        const { leader, partition: led } = places[partition % places.length]!;
        return named(leader < 0 ? any + 1 : leader, `leads ${topic}-${led}`);
      }
      case 'group coordinator':
        return named(await control.coordinator('group', NAME), `coordinates group ${NAME}`);
      case 'transaction coordinator':
        return named(await control.coordinator('transaction', transactionalId), `coordinates ${transactionalId}`);
      case 'controller':
        return named(await control.controller(), 'controller');
    }
  };
}

function nodeOf(nodes: readonly ClusterNode[], id: number): ClusterNode {
  const node = nodes.find((one) => one.id === id);
  if (node === undefined) throw new Error(`there is no node ${id}`);
  return node;
}

function transactionsIn({ slots }: ChaosGround): Work[] {
  return slots.flatMap((slot) => slot.underWay()).filter((work) => work === 'transaction');
}
