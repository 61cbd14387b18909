import type pg from 'pg';
import { wallClock } from '../time/clock.ts';
import { type Statement, StepFailed } from './batch.ts';
import type { Pipeline } from './pipeline.ts';

/**
 * Ends the connection of the partition's owner before, if it is still there, and waits until it is gone.
 *
 * Only this helps: a processor that was stopped in the middle of a COPY keeps its locks whatever timeouts are set, and
 * a commit whose answer was lost may still be on its way. The owner is found without a lock, because it may hold that
 * lock itself. A pid alone may since have gone to another connection, so its start is compared too.
 *
 * @returns the epoch that owner had; 0 if the partition never had one
 */
export async function terminateOwner(pipeline: Pipeline, partition: number): Promise<number> {
  const deadline = Date.now() + TERMINATE_MS;
  for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
    const [found] = await pipeline.run([{ statement: FIND_OWNER, values: [partition] }]);
    if (found!.length === 0) return 0;
    const [epoch, owner, pid, known] = found![0]!;
    if (pid === null) return Number(epoch);
    const who = `the processor before (${owner}, backend ${pid}) still holds partition ${partition}`;
    if (known === 'f')
      throw new Error(`${who}, and belongs to a role whose connections this one may not see. ${SAME_ROLE}`);
    if (Date.now() > deadline) {
      throw new Error(
        `${who} ${TERMINATE_MS / 1000} s after pg_terminate_backend: it is tried again; if that does not help, ` +
          `look at backend ${pid} on the server`,
      );
    }
    // Ended once, then waited for here: the waiting that the function itself offers is in steps of 100 ms.
    if (pause === 1) await terminate(pipeline, pid!, who);
    await wallClock.sleep(pause);
  }
}

/**
 * Processes that own partitions, gave none of them up, and have none of the connections that belong to that: they were
 * killed, or lost Postgres a moment ago. @param client of `connect` or `createPool`
 */
export async function readGoneOwners(client: pg.ClientBase | pg.Pool): Promise<string[]> {
  const { rows } = await client.query<{ owner: string }>(
    `SELECT p.owner FROM partition_state p ${OWNER_CONNECTION}
    WHERE p.owner IS NOT NULL GROUP BY p.owner HAVING count(a.pid) = 0 ORDER BY p.owner`,
  );
  return rows.map(({ owner }) => owner);
}

/**
 * Processes that own partitions and are connected: of another version, where a migration is pending.
 * @param client of `connect`; the tables may be missing
 */
export async function readConnectedOwners(client: pg.ClientBase): Promise<string[]> {
  const table = await client.query<{ there: boolean }>(`SELECT to_regclass('partition_state') IS NOT NULL AS there`);
  if (!table.rows[0]!.there) return [];
  const { rows } = await client.query<{ owner: string }>(
    `SELECT DISTINCT p.owner FROM partition_state p ${OWNER_CONNECTION}
    WHERE p.owner IS NOT NULL AND a.pid IS NOT NULL ORDER BY p.owner`,
  );
  return rows.map(({ owner }) => owner);
}

async function terminate(pipeline: Pipeline, pid: string, who: string): Promise<void> {
  try {
    await pipeline.run([{ statement: TERMINATE, values: [pid] }]);
  } catch (error) {
    if (!(error instanceof StepFailed) || error.code !== INSUFFICIENT_PRIVILEGE) throw error;
    throw new Error(`${who}, and may not be ended by this role. ${SAME_ROLE}`, { cause: error });
  }
}

const TERMINATE_MS = 5_000;
const INSUFFICIENT_PRIVILEGE = '42501';
const SAME_ROLE =
  'Let all processors connect as the same role, or grant this one pg_signal_backend and pg_read_all_stats';

/**
 * The connection `a` of the owner of a partition `p`; all null where it is gone. backend_start is null where this role
 * may not see it.
 */
export const OWNER_CONNECTION = `LEFT JOIN pg_stat_activity a ON a.pid = p.owner_pid AND a.usesysid = p.owner_role
      AND (a.backend_start IS NULL OR a.backend_start = p.owner_started)`;
const FIND_OWNER: Statement = {
  name: 'take_over_find_owner',
  text: `SELECT p.epoch, p.owner, a.pid, a.backend_start IS NOT NULL
    FROM partition_state p
    ${OWNER_CONNECTION} AND a.pid <> pg_backend_pid()
    WHERE p.partition = $1`,
};
const TERMINATE: Statement = { name: 'take_over_terminate', text: 'SELECT pg_terminate_backend($1)' };
