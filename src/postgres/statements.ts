import type { Statement, Step } from './batch.ts';
import type { CopyRows } from './copy.ts';

/**
 * A division by zero unless the change meets exactly `$1` rows: rows that are not what was folded stop the commit.
 * @param also what else to do with the rows, `met`, of which the change returned `returning`
 */
export function expecting(
  name: string,
  change: string,
  { returning = '1', also = [] }: { readonly returning?: string; readonly also?: readonly string[] } = {},
): Statement {
  const more = also.map((statement, i) => `, also_${i} AS (${statement})`).join('');
  const text = `WITH met AS (${change} RETURNING ${returning})${more} SELECT 1 / (count(*) = $1)::integer FROM met`;
  return { name: `commit_${name}`, text };
}

export function copyStatement(table: string, columns: string): Statement {
  return { name: `commit_copy_${table}`, text: `COPY ${table} (${columns}) FROM STDIN (FORMAT binary)` };
}

/** No step for no rows. */
export function copy(statement: Statement, rows: CopyRows): Step[] {
  return rows.count === 0 ? [] : [{ statement, copy: rows.finish() }];
}
