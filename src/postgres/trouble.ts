import type pg from 'pg';

/** What keeps a processor from its work, as it wrote itself. */
export interface Trouble {
  readonly processor: string;
  /** What it cannot do; empty: only `waits` says something. */
  readonly text: string;
  readonly waits: readonly ReportedWait[];
}

/** What a partition waits for, as its processor wrote it. */
export interface ReportedWait {
  readonly partition: number;
  /** See `Blocker`; a value that is not in it comes from a newer version. */
  readonly for: string;
  /** ms since the epoch, by the processor's clock. */
  readonly since: number;
  /** See `Wait`. */
  readonly why: string;
}

/** Twice the seconds after which a processor writes its trouble again: an older one is of a processor that is gone. */
const OLD = 130;
/** The same for what partitions wait for, s: a processor that is gone is shown in another way. */
const OLD_WAITS = 20;

/**
 * Writes without waiting for a standby: the trouble may be that it is gone.
 * @param report null: there is no trouble any more
 */
export async function writeTrouble(
  client: pg.ClientBase,
  processor: string,
  report: Omit<Trouble, 'processor'> | null,
): Promise<void> {
  await client.query('SET synchronous_commit TO off; BEGIN');
  await client.query(`DELETE FROM trouble WHERE processor = $1 OR told_at < now() - $2 * interval '1 s'`, [
    processor,
    OLD,
  ]);
  if (report !== null) {
    const { text, waits } = report;
    await client.query('INSERT INTO trouble (processor, text, waits) VALUES ($1, $2, $3)', [
      processor,
      text,
      JSON.stringify(waits),
    ]);
  }
  await client.query('COMMIT');
}

/** Troubles of all processors that have written some lately. */
export async function readTroubles(client: pg.ClientBase | pg.Pool): Promise<Trouble[]> {
  const { rows } = await client.query<{ processor: string; text: string; waits: string }>(
    `SELECT processor, text, CASE WHEN told_at >= now() - $2 * interval '1 s' THEN waits ELSE '[]' END AS waits
    FROM trouble WHERE told_at >= now() - $1 * interval '1 s' ORDER BY processor`,
    [OLD, OLD_WAITS],
  );
  return rows.map(({ processor, text, waits }) => ({ processor, text, waits: JSON.parse(waits) }));
}
