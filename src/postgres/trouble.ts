import type pg from 'pg';

/** What keeps a processor from its work, as it said itself. */
export interface Trouble {
  readonly processor: string;
  readonly text: string;
}

/** Twice as long as a processor takes to say it again: what is older is of one that is gone, s. */
const OLD = 130;

/** @param text null: nothing any more */
export async function tellTrouble(client: pg.ClientBase, processor: string, text: string | null): Promise<void> {
  await client.query(`DELETE FROM trouble WHERE processor = $1 OR told_at < now() - $2 * interval '1 s'`, [
    processor,
    OLD,
  ]);
  if (text === null) return;
  await client.query('INSERT INTO trouble (processor, text) VALUES ($1, $2)', [processor, text]);
}

/** Of all processors that have told of some lately. */
export async function readTroubles(client: pg.ClientBase | pg.Pool): Promise<Trouble[]> {
  const { rows } = await client.query<Trouble>(
    `SELECT processor, text FROM trouble WHERE told_at >= now() - $1 * interval '1 s' ORDER BY processor`,
    [OLD],
  );
  return rows;
}
