import type { Changes, ProfileDelta } from '../core/changes.ts';
import { arrayParameter, TEXT } from './arrays.ts';
import type { Statement, Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CopyRows } from './copy.ts';
import { copy, copyStatement } from './statements.ts';

const COPY_PROFILE = copyStatement(
  'staged_profile',
  'profile_id, partition, visit_count, event_count, page_view_count, duration_ms, first_seen_at, last_seen_at',
);
const ADD_PROFILES: Statement = {
  name: 'commit_add_profiles',
  // Not ON CONFLICT, which costs a seventh more: nobody else writes this partition's rows.
  text: `MERGE INTO profile_part p USING staged_profile s ON p.profile_id = s.profile_id AND p.partition = s.partition
    WHEN MATCHED THEN UPDATE SET
      visit_count = p.visit_count + s.visit_count,
      event_count = p.event_count + s.event_count,
      page_view_count = p.page_view_count + s.page_view_count,
      duration_ms = p.duration_ms + s.duration_ms,
      first_seen_at = least(p.first_seen_at, s.first_seen_at),
      last_seen_at = greatest(p.last_seen_at, s.last_seen_at)
    WHEN NOT MATCHED THEN INSERT (
      profile_id, partition, visit_count, event_count, page_view_count, duration_ms, first_seen_at, last_seen_at)
    VALUES (s.profile_id, s.partition, s.visit_count, s.event_count, s.page_view_count, s.duration_ms,
      s.first_seen_at, s.last_seen_at)`,
};
/** Only where all of it is gone: a sum left over without a visit is a mistake, and has to show. */
const DROP_EMPTY: Statement = {
  name: 'commit_drop_empty_profiles',
  text: `DELETE FROM profile_part WHERE partition = $1 AND profile_id = ANY ($2::text[])
    AND visit_count = 0 AND event_count = 0 AND page_view_count = 0 AND duration_ms = 0`,
};
/** From the visits as this commit leaves them, for the profiles that still have some. */
const FIND_SEEN: Statement = {
  name: 'commit_find_seen',
  text: `UPDATE profile_part p SET first_seen_at = found.first, last_seen_at = found.last
    FROM (
      SELECT left_over.profile_id, seen.first, seen.last
      FROM profile_part left_over CROSS JOIN LATERAL (
        SELECT min(started_at) AS first, max(last_event_at) AS last
        FROM (
          SELECT started_at, last_event_at FROM open_visit
          WHERE profile_id = left_over.profile_id AND partition = $1 AND NOT debug
          UNION ALL
          SELECT started_at, last_event_at FROM ended_visit
          WHERE profile_id = left_over.profile_id AND partition = $1 AND NOT debug
        ) visit
      ) seen
      WHERE left_over.partition = $1 AND left_over.profile_id = ANY ($2::text[])
    ) found
    WHERE p.partition = $1 AND p.profile_id = found.profile_id`,
};

const COPY_TRAIT = copyStatement('staged_trait', 'profile_id, key, partition, t, event_id, session_id, value');
const ADD_TRAITS: Statement = {
  name: 'commit_add_traits',
  text: `INSERT INTO profile_trait AS p (profile_id, key, partition, t, event_id, session_id, value)
    SELECT profile_id, key, partition, t, event_id, session_id, value FROM staged_trait
    ON CONFLICT (profile_id, key, partition) DO UPDATE SET
      t = excluded.t, event_id = excluded.event_id, session_id = excluded.session_id, value = excluded.value
    WHERE (excluded.t, excluded.event_id, excluded.session_id) > (p.t, p.event_id, p.session_id)`,
};

/** What this partition's visits and events give to profiles. After the steps that write visits. */
export function profileSteps<Raw>(changes: Changes<Raw>, partition: number, blocks: Blocks): Step[] {
  return [...partSteps(changes.profiles, partition, blocks), ...traitSteps(changes, partition, blocks)];
}

function partSteps(deltas: readonly ProfileDelta[], partition: number, blocks: Blocks): Step[] {
  const rows = new CopyRows(8, blocks);
  const shrunk: string[] = [];
  for (const delta of deltas) {
    if (delta.shrunk) shrunk.push(delta.profileId);
    rows.row();
    rows.text(delta.profileId);
    rows.int(partition);
    rows.bigint(delta.visitCount);
    rows.bigint(delta.eventCount);
    rows.bigint(delta.pageViewCount);
    rows.bigint(delta.durationMs);
    rows.time(delta.firstSeenAt);
    rows.time(delta.lastSeenAt);
  }
  const steps = copy(COPY_PROFILE, rows);
  if (steps.length > 0) steps.push({ statement: ADD_PROFILES });
  if (shrunk.length > 0) {
    const values = [partition, arrayParameter(TEXT, shrunk)];
    steps.push({ statement: DROP_EMPTY, values }, { statement: FIND_SEEN, values });
  }
  return steps;
}

function traitSteps<Raw>({ traits }: Changes<Raw>, partition: number, blocks: Blocks): Step[] {
  const rows = new CopyRows(7, blocks);
  for (const trait of traits) {
    rows.row();
    rows.text(trait.profileId);
    rows.text(trait.key);
    rows.int(partition);
    rows.time(trait.t);
    rows.text(trait.eventId);
    rows.text(trait.sessionId);
    rows.jsonb(trait.value === null ? null : JSON.stringify(trait.value));
  }
  const steps = copy(COPY_TRAIT, rows);
  if (steps.length > 0) steps.push({ statement: ADD_TRAITS });
  return steps;
}
