import pg from 'pg';

/** A connection of `connect`, or a pool of `createPool`: unqualified names are those of the schema. */
export type Database = pg.ClientBase | pg.Pool;

/** Asks for rows: times as ms since the epoch, 64-bit integers as numbers. */
export type Ask = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/**
 * Runs `read` on one snapshot, so that what it reads agrees: a visit may end, or be merged away, between two queries.
 * Nothing can be written. Errors of Postgres are thrown as they are.
 */
export async function inSnapshot<T>(database: Database, read: (ask: Ask) => Promise<T>): Promise<T> {
  if (database instanceof pg.Pool) {
    const client = await database.connect();
    let broken = true;
    try {
      const result = await inSnapshot(client, read);
      broken = false;
      return result;
    } finally {
      client.release(broken);
    }
  }
  await database.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    return await read(async <Row>(text: string, values: readonly unknown[] = []) => {
      const { rows } = await database.query({ text, values: [...values], types: { getTypeParser } } as pg.QueryConfig);
      return rows as Row[];
    });
  } finally {
    // After an error COMMIT rolls back; if the connection is gone, the error of that is thrown already.
    await database.query('COMMIT').catch(() => {});
  }
}

const INT8 = 20;
const NUMERIC = 1700;
const TIMESTAMPTZ = 1184;

function getTypeParser(oid: number, format?: 'text' | 'binary'): (text: string) => unknown {
  if (oid === INT8 || oid === NUMERIC) return Number;
  if (oid === TIMESTAMPTZ) return (text) => Date.parse(text);
  return pg.types.getTypeParser(oid, format as 'text') as (text: string) => unknown;
}

/** A select list that names columns as answers do. */
export function selectList(columns: Readonly<Record<string, string>>): string {
  return Object.entries(columns)
    .map(([name, column]) => `${column} AS "${name}"`)
    .join(', ');
}

/** An interval as ms. */
export function ms(interval: string): string {
  return `(extract(epoch FROM ${interval}) * 1000)::bigint`;
}
