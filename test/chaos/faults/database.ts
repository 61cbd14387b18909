import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ChaosGround } from '../ground.ts';
import { aimed, aimOf, type Make } from './fault.ts';

export const postgresKilled: Make = (random, { stack, slots, shut }) => {
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
      await shut(async () => {
        for (const one of [pid, ...children]) killIfThere(one);
        tell('Postgres killed', 'Postgres', inside, `with ${children.length} backends and helpers`);
        await stack.database.kill();
        await sleep(away);
        await stack.database.start();
      });
    },
  };
};

export const terminated: Make = (random, { direct, slots }) => {
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
        const links = link === null ? slot.proxies.database.flatMap(({ links }) => [...links]) : [link];
        const inside = links.some(({ watch }) => watch.underWay.size > 0);
        const ports = links.map(({ port }) => port);
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

/** Each commit is written and then waits for a standby that is gone: no commit is answered. */
export const standbyGone: Make = (random, ground) => {
  const aim = aimOf(random, ['commit']);
  const delay = random.between(0, 4);
  const ms = random.chance(0.5) ? random.between(1_000, 8_000) : random.between(32_000, 40_000);
  return {
    kind: 'synchronous standby gone',
    needs: ['database'],
    run: async (tell) => {
      await aimed(ground.slots, aim, delay);
      const inside = ground.slots.flatMap((slot) => slot.underWay()).filter((work) => work === 'commit');
      await ground.shut(async () => {
        await alterSystem(ground, "SET synchronous_standby_names TO 'gone'");
        tell('synchronous standby gone', 'Postgres', inside, `${Math.round(ms)} ms`);
        await sleep(ms);
        await alterSystem(ground, 'RESET synchronous_standby_names');
      });
    },
  };
};

async function alterSystem({ direct }: ChaosGround, change: string): Promise<void> {
  const client = new pg.Client(direct.databaseUrl);
  await client.connect();
  try {
    await client.query(`ALTER SYSTEM ${change}`);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}

async function childrenOf(pid: number): Promise<number[]> {
  // Linux signals it; elsewhere they notice by themselves that their parent is gone.
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
