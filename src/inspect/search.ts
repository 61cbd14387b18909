import { type Ask, type Database, inSnapshot } from './database.ts';

/** What begins with a text. Each list holds at most `limit`, in order of id. */
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
    const values = [text, `${text}${LAST}`, limit + 1];
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

/** In the order of UTF-8 bytes nothing that begins with a text comes after the text and the last code point. */
const LAST = '\u{10FFFF}';

/** Each branch has a limit of its own, so that each stops early: the index gives its ids in order. */
function firstOf(branches: readonly (readonly [table: string, column: string])[], range: string): string {
  const each = branches.map(
    ([table, column]) => `(SELECT DISTINCT ${column} AS id FROM ${table} WHERE ${range.replaceAll('?', column)}
      ORDER BY ${column} LIMIT $3)`,
  );
  return `SELECT DISTINCT id FROM (${each.join(' UNION ALL ')}) found ORDER BY id LIMIT $3`;
}

const VISITS = firstOf(
  ['open_visit', 'ended_visit', 'visit_alias'].map((table) => [table, 'visit_id'] as const),
  '? >= $1::uuid AND ? <= $2::uuid',
);
/** Of open visits no index has sessions in order: they are read through, which are few beside the ended ones. */
const SESSIONS = firstOf(
  [
    ['open_visit', 'session_id'],
    ['ended_visit', 'session_id'],
  ],
  '? >= $1 AND ? <= $2',
);
const PROFILES = firstOf(
  [
    ['open_visit', 'profile_id'],
    ['ended_visit', 'profile_id'],
    ['profile_trait', 'profile_id'],
  ],
  '? >= $1 AND ? <= $2',
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
