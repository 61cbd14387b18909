import type pg from 'pg';

/** What keeps a processor from its work, as it said itself. */
export interface Trouble {
  readonly processor: string;
  /** What it cannot do; empty: nothing but what `waits` has. */
  readonly text: string;
  readonly waits: readonly ReportedWait[];
}

/** What a partition waits for, as the processor said that has it. */
export interface ReportedWait {
  readonly partition: number;
  /** See `Blocker`; one that is not known there is of a newer version. */
  readonly for: string;
  /** ms since the epoch, by the processor's clock. */
  readonly since: number;
  /** See `Wait`. */
  readonly why: string;
}

/** Twice as long as a processor takes to say it again: what is older is of one that is gone, s. */
const OLD = 130;
/** The same of what partitions wait for: a processor that is gone is another matter. */
const OLD_WAITS = 20;

/**
 * Does not wait for a standby: what is told may be that one is gone.
 * @param told null: nothing any more
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

/** Of all processors that have told of some lately. */
export async function readTroubles(client: pg.ClientBase | pg.Pool): Promise<Trouble[]> {
  const { rows } = await client.query<{ processor: string; text: string; waits: string }>(
    `SELECT processor, text, CASE WHEN told_at >= now() - $2 * interval '1 s' THEN waits ELSE '[]' END AS waits
    FROM trouble WHERE told_at >= now() - $1 * interval '1 s' ORDER BY processor`,
    [OLD, OLD_WAITS],
  );
  return rows.map(({ processor, text, waits }) => ({ processor, text, waits: JSON.parse(waits) }));
}
