/** Ended visits that are there before a run begins: made in SQL, after the likeness of visits that a run has made. */
import type pg from 'pg';
import { makeRange, monthOf } from '../../src/postgres/ranges.ts';
import { FILLED } from '../run/check.ts';

/** Copies are so far apart: 250 of them reach back over six weeks, as a table's rows do. */
const HOURS_APART = 4;
const HOUR = 3_600_000;
/** No month is shorter. */
const MONTH = 28 * 24 * HOUR;

/**
 * Copies the ended visits of `from` into `into` until so many rows were made. They are of other sessions and profiles,
 * and the older the more copies were made. Columns are asked of the database: whatever they are, all are filled.
 */
export async function fillEnded(database: pg.Client, from: string, into: string, rows: number): Promise<void> {
  const { rows: found } = await database.query<{ count: number; first: Date; last: Date }>(
    `SELECT count(*)::float8 AS count, min(started_at) AS first, max(started_at) AS last FROM ${from}.ended_visit`,
  );
  const { count, first, last } = found[0]!;
  const copies = Math.ceil(rows / count);
  await makeMonths(database, into, first.getTime() - (copies + 1) * HOURS_APART * HOUR, last.getTime());
  const { rows: columns } = await database.query<{ name: string; type: string }>(
    `SELECT attname AS name, atttypid::regtype::text AS type FROM pg_attribute
     WHERE attrelid = '${from}.ended_visit'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
  );
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const values = columns.map(({ name, type }) => copied(name, type)).join(', ');
  for (let copy = 1; copy <= copies; copy++) {
    const wanted = Math.min(count, rows - (copy - 1) * count);
    await database.query(
      `INSERT INTO ${into}.ended_visit (${names}) SELECT ${values} FROM ${from}.ended_visit LIMIT ${wanted}`.replaceAll(
        '$copy',
        String(copy),
      ),
    );
  }
  await database.query(`VACUUM (ANALYZE) ${into}.ended_visit`);
}

function copied(name: string, type: string): string {
  if (name === 'visit_id') return NEW_ID;
  if (name === 'session_id' || name === 'profile_id') return `'${FILLED}' || md5(${name} || ' $copy')`;
  if (type === 'timestamp with time zone') return `"${name}" - $copy * interval '${HOURS_APART} hours'`;
  return `"${name}"`;
}

/** 48 bits of an earlier time, the version, and what is as good as chance. */
const NEW_ID = `(
  lpad(to_hex(('x' || lpad(left(replace(visit_id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
    - $copy * ${HOURS_APART * HOUR}::bigint), 12, '0')
  || '8' || left(md5(visit_id::text || ' $copy'), 19))::uuid`;

async function makeMonths(database: pg.Client, schema: string, from: number, to: number): Promise<void> {
  await database.query(`SET search_path TO ${schema}`);
  for (let at = from; monthOf(at).from <= monthOf(to).from; at += MONTH) {
    await database.query(makeRange(monthOf(at)));
  }
  await database.query('RESET search_path');
}
