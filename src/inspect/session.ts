import type { Json } from '../core/rules/event.ts';
import { readClocks } from './clocks.ts';
import { type Ask, type Database, inSnapshot, ms, selectList } from './database.ts';
import type { StateRules } from './rules.ts';
import type { Page, PageOf } from './visit.ts';
import { summaries, summarySelect, type VisitSummary } from './visit-row.ts';

/** A row of the view `sessions`: what one partition holds of a session id, debug visits apart. Times in ms. */
export interface SessionSums {
  readonly partition: number;
  readonly profileId: string | null;
  readonly visitCount: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  readonly totalDurationMs: number;
  readonly startedAt: number;
  /** null while one of its visits is open. */
  readonly endedAt: number | null;
  readonly context: Json;
}

/** One session in full. All times in ms since the epoch. */
export interface SessionReport {
  readonly sessionId: string;
  /** By partition. Several: producers spread its records. None: all its visits are debug visits. */
  readonly sums: readonly SessionSums[];
  /** Its visits, debug ones too, the one that started last first. */
  readonly visits: Page<VisitSummary>;
}

/** @returns null: no visit of this session is there. */
export async function inspectSession(
  database: Database,
  rules: StateRules,
  sessionId: string,
  { limit = 50, offset = 0 }: PageOf = {},
  now = Date.now(),
): Promise<SessionReport | null> {
  return await inSnapshot(database, async (ask) => {
    const total = await countVisits(ask, 'session_id', sessionId);
    if (total === 0) return null;
    const sums = await ask<SessionSums>(SUMS, [sessionId]);
    const items = await newestVisits(ask, rules, 'session_id', [sessionId, limit, offset], now);
    return { sessionId, sums, visits: { total, offset, items } };
  });
}

type Column = 'session_id' | 'profile_id';

/** A page of the visits where a column of the view is this id, the one that started last first. */
export async function newestVisits(
  ask: Ask,
  rules: StateRules,
  column: Column,
  page: readonly [id: string, limit: number, offset: number],
  now: number,
): Promise<VisitSummary[]> {
  const asked = { rules, clocks: await readClocks(ask, rules.outOfOrderness), now };
  const order = 'ORDER BY v.started_at DESC, v.visit_id DESC LIMIT $2 OFFSET $3';
  return await summaries(ask, summarySelect(`WHERE v.${column} = $1 ${order}`), [...page], asked);
}

export async function countVisits(ask: Ask, column: Column, id: string): Promise<number> {
  const [row] = await ask<{ total: number }>(`SELECT count(*) AS total FROM visits WHERE ${column} = $1`, [id]);
  return row!.total;
}

const SUMS = `SELECT ${selectList({
  partition: 'partition',
  profileId: 'profile_id',
  visitCount: 'visit_count',
  eventCount: 'event_count',
  pageViewCount: 'page_view_count',
  lateEventCount: 'late_event_count',
  totalDurationMs: ms('total_duration'),
  startedAt: 'started_at',
  endedAt: 'ended_at',
  context: 'context',
})} FROM sessions WHERE session_id = $1 ORDER BY partition`;
