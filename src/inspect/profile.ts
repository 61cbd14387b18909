import type { Json } from '../core/rules/event.ts';
import { type Database, inSnapshot, ms, selectList } from './database.ts';
import type { StateRules } from './rules.ts';
import { countVisits, newestVisits } from './session.ts';
import type { Page, PageOf } from './visit.ts';
import type { VisitSummary } from './visit-row.ts';

/** A row of the view `profiles`. Times in ms. */
export interface ProfileSums {
  readonly visitCount: number;
  readonly sessionCount: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly totalDurationMs: number;
  /** null without a visit. */
  readonly firstSeenAt: number | null;
  readonly lastSeenAt: number | null;
  readonly traits: Readonly<Record<string, Json>>;
}

/** One profile in full. All times in ms since the epoch. */
export interface ProfileReport {
  readonly profileId: string;
  /** null: all its visits are debug visits, which count in no profile. */
  readonly sums: ProfileSums | null;
  /** Its visits, debug ones too, the one that started last first; each names its session. */
  readonly visits: Page<VisitSummary>;
}

/** @returns null: neither visits nor traits have this profile. */
export async function inspectProfile(
  database: Database,
  rules: StateRules,
  profileId: string,
  { limit = 50, offset = 0 }: PageOf = {},
  now = Date.now(),
): Promise<ProfileReport | null> {
  return await inSnapshot(database, async (ask) => {
    const [sums = null] = await ask<ProfileSums>(SUMS, [profileId]);
    const total = await countVisits(ask, 'profile_id', profileId);
    if (sums === null && total === 0) return null;
    const items = await newestVisits(ask, rules, 'profile_id', [profileId, limit, offset], now);
    return { profileId, sums, visits: { total, offset, items } };
  });
}

const SUMS = `SELECT ${selectList({
  visitCount: 'visit_count',
  sessionCount: 'session_count',
  eventCount: 'event_count',
  pageViewCount: 'page_view_count',
  totalDurationMs: ms('total_duration'),
  firstSeenAt: 'first_seen_at',
  lastSeenAt: 'last_seen_at',
  traits: 'traits',
})} FROM profiles WHERE profile_id = $1`;
