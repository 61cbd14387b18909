import { type Ask, type Database, inSnapshot } from './database.ts';

/** Ids that begin with a text. Each list holds at most `limit`, in order of id. */
export interface SearchResult {
  readonly visits: readonly string[];
  readonly sessions: readonly string[];
  readonly profiles: readonly string[];
  /** Whether a list was cut. */
  readonly more: boolean;
}

/**
 * Visits, sessions and profiles by their id or the beginning of it. Visits that were merged away are found too. An empty
 * text finds nothing.
 */
export async function search(database: Database, text: string, limit = 20): Promise<SearchResult> {
  // NUL is in no id, and Postgres takes none.
  if (text === '' || text.includes('\0')) return { visits: [], sessions: [], profiles: [], more: false };
  return await inSnapshot(database, async (ask) => {
    const range = uuidRange(text);
    const visits = range === null ? [] : await ids(ask, VISITS, [...range, limit + 1]);
    const values = [text, `${text}${LAST_CODE_POINT}`, limit + 1];
    const sessions = await ids(ask, SESSIONS, values);
    const profiles = await ids(ask, PROFILES, values);
    return {
      visits: visits.slice(0, limit),
      sessions: sessions.slice(0, limit),
      profiles: profiles.slice(0, limit),
      more: [visits, sessions, profiles].some((found) => found.length > limit),
    };
  });
}

async function ids(ask: Ask, text: string, values: readonly unknown[]): Promise<string[]> {
  return (await ask<{ id: string }>(text, values)).map(({ id }) => id);
}

/** In the order of UTF-8 bytes no id that begins with a text comes after the text followed by this last code point. */
const LAST_CODE_POINT = '\u{10FFFF}';

/** The first ids of each branch, in order. */
function firstOf(branches: readonly string[]): string {
  return `SELECT DISTINCT id FROM (${branches.map((branch) => `(${branch})`).join(' UNION ALL ')}) found
    ORDER BY id LIMIT $3`;
}

/**
 * Steps from one id to the next through an index, so that an id with a million visits costs no more than one with a single one.
 * @param type of the bounds
 */
function steps(table: string, column: string, type: string): string {
  const next = (from: string): string =>
    `SELECT ${column} FROM ${table} WHERE ${column} ${from} AND ${column} <= $2::${type} ORDER BY ${column} LIMIT 1`;
  return `WITH RECURSIVE step (id) AS (
      (${next(`>= $1::${type}`)})
      UNION ALL
      SELECT (${next('> step.id')}) FROM step WHERE step.id IS NOT NULL
    ) SELECT id FROM step WHERE id IS NOT NULL LIMIT $3`;
}

/** Rows of tables in which each id has one row. */
function rows(table: string, column: string, type: string): string {
  return `SELECT ${column} AS id FROM ${table} WHERE ${column} >= $1::${type} AND ${column} <= $2::${type}
    ORDER BY ${column} LIMIT $3`;
}

const VISITS = firstOf(['open_visit', 'ended_visit', 'visit_alias'].map((table) => rows(table, 'visit_id', 'uuid')));
const SESSIONS = firstOf([
  // No index has the sessions of open visits in order, so all open visits are read.
  `SELECT DISTINCT session_id AS id FROM open_visit WHERE session_id >= $1 AND session_id <= $2
    ORDER BY session_id LIMIT $3`,
  steps('ended_visit', 'session_id', 'text'),
]);
const PROFILES = firstOf(
  ['open_visit', 'ended_visit', 'profile_trait'].map((table) => steps(table, 'profile_id', 'text')),
);

/** Lowest and highest UUID that begin with a text; null: none does. */
function uuidRange(text: string): readonly [string, string] | null {
  const lower = text.toLowerCase();
  if (lower.length > PATTERN.length) return null;
  for (let i = 0; i < lower.length; i++) {
    if (PATTERN[i] === '-' ? lower[i] !== '-' : !/[0-9a-f]/.test(lower[i]!)) return null;
  }
  const rest = PATTERN.slice(lower.length);
  return [lower + rest, lower + rest.replaceAll('0', 'f')];
}

const PATTERN = '00000000-0000-0000-0000-000000000000';
