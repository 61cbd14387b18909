import type { Changes } from '../core/changes.ts';
import { PackedId } from '../core/memory/event-ids.ts';
import { IdFilter } from '../core/memory/id-filter.ts';
import type { Visit } from '../core/memory/visit.ts';
import type { Statement, Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CopyRows } from './copy.ts';
import { copy, copyStatement } from './statements.ts';

/**
 * What the ended visits of a partition add to profiles. The view adds the open ones: they change with every commit, and
 * are few.
 *
 * Invariant: what a row of ended_visit counts for is added when it comes and, from the row as it was, subtracted when it
 * goes. So a part is always the sum of the rows.
 */
export class ProfileDeltas {
  readonly #known: KnownProfiles;
  readonly #byProfile = new Map<string, ProfileDelta>();
  /** Whether rows of ended_visit go, or are replaced. */
  subtracts = false;

  constructor(known: KnownProfiles) {
    this.#known = known;
  }

  /** Adds a visit that has a row in ended_visit from now on. */
  add(visit: Visit): void {
    const { profileId, startedAt, lastEventAt } = visit;
    if (profileId === null || visit.debug) return;
    let delta = this.#byProfile.get(profileId);
    if (delta === undefined) {
      delta = { visits: 0, events: 0, pageViews: 0, ms: 0, first: startedAt, last: lastEventAt };
      this.#byProfile.set(profileId, delta);
    }
    delta.visits += 1;
    delta.events += visit.eventCount;
    delta.pageViews += visit.pageViewCount;
    delta.ms += lastEventAt - startedAt;
    if (startedAt < delta.first) delta.first = startedAt;
    if (lastEventAt > delta.last) delta.last = lastEventAt;
  }

  /** Steps that belong after those that write visits. */
  steps(partition: number, blocks: Blocks): Step[] {
    const added = new CopyRows(8, blocks);
    const staged = new CopyRows(8, blocks);
    for (const [profileId, delta] of this.#byProfile) {
      const rows = this.#known.claimNew(profileId) ? added : staged;
      rows.row();
      rows.text(profileId);
      rows.int(partition);
      rows.bigint(delta.visits);
      rows.bigint(delta.events);
      rows.bigint(delta.pageViews);
      rows.bigint(delta.ms);
      rows.time(delta.first);
      rows.time(delta.last);
    }
    const steps = copy(COPY_STAGED, staged);
    const together = [...copy(COPY_ADDED, added), ...steps];
    if (this.subtracts)
      return [...together, ADD_SUMS, { ...DROP_EMPTY, values: [partition] }, { ...FIND_SEEN, values: [partition] }];
    return steps.length === 0 ? together : [...together, ADD];
  }
}

/**
 * Recognizes profiles that certainly have no row of the partition yet. Their rows are copied straight into the table,
 * which costs a third of merging them.
 *
 * Invariant: a profile that has a row is never taken for new. So only the lease that began the partition, and wrote all
 * of its rows, claims any.
 */
export class KnownProfiles {
  readonly #filter: IdFilter | null;
  readonly #id = new PackedId();

  /** @param areNone whether no profile has a row of the partition. */
  constructor(areNone: boolean) {
    this.#filter = areNone ? new IdFilter() : null;
  }

  /** Marks the profile as one with a row. @returns whether it certainly had none. */
  claimNew(profileId: string): boolean {
    const id = this.#id.set(profileId);
    if (this.#filter === null || this.#filter.mayHave(id)) return false;
    this.#filter.add(id);
    return true;
  }
}

interface ProfileDelta {
  visits: number;
  events: number;
  pageViews: number;
  ms: number;
  first: number;
  last: number;
}

const COLUMNS =
  'profile_id, partition, visit_count, event_count, page_view_count, duration_ms, first_seen_at, last_seen_at';
const COPY_STAGED = copyStatement('staged_profile', COLUMNS);
const COPY_ADDED = copyStatement('profile_part', COLUMNS);

/** Stages the negative of what rows of `source`, as they are in ended_visit, counted for. */
export function subtractProfiles(source: string): string {
  return `INSERT INTO staged_profile (${COLUMNS})
    SELECT profile_id, partition, -1, -event_count, -page_view_count,
      -(extract(epoch FROM last_event_at - started_at) * 1000)::bigint, NULL, NULL
    FROM ${source} WHERE profile_id IS NOT NULL AND NOT debug`;
}

/** INSERT … ON CONFLICT would cost a seventh more, and is not needed: only this lease writes the partition's rows. */
const addFrom = (source: string): string => `MERGE INTO profile_part p USING ${source} s
    ON p.profile_id = s.profile_id AND p.partition = s.partition
    WHEN MATCHED THEN UPDATE SET
      visit_count = p.visit_count + s.visit_count,
      event_count = p.event_count + s.event_count,
      page_view_count = p.page_view_count + s.page_view_count,
      duration_ms = p.duration_ms + s.duration_ms,
      first_seen_at = least(p.first_seen_at, s.first_seen_at),
      last_seen_at = greatest(p.last_seen_at, s.last_seen_at)
    WHEN NOT MATCHED THEN INSERT (${COLUMNS})
    VALUES (s.profile_id, s.partition, s.visit_count, s.event_count, s.page_view_count, s.duration_ms,
      s.first_seen_at, s.last_seen_at)`;

const ADD: Step = { statement: { name: 'commit_add_profiles', text: addFrom('staged_profile') } };
const ADD_SUMS: Step = {
  statement: {
    name: 'commit_add_profile_sums',
    text: addFrom(`(
      SELECT profile_id, partition, sum(visit_count)::bigint AS visit_count, sum(event_count)::bigint AS event_count,
        sum(page_view_count)::bigint AS page_view_count, sum(duration_ms)::bigint AS duration_ms,
        min(first_seen_at) AS first_seen_at, max(last_seen_at) AS last_seen_at
      FROM staged_profile GROUP BY profile_id, partition)`),
  },
};

const LOSERS = '(SELECT DISTINCT profile_id FROM staged_profile WHERE visit_count < 0)';
/** Deletes only where all sums are 0: a sum left over without a visit is a mistake, and has to show. */
const DROP_EMPTY: Step = {
  statement: {
    name: 'commit_drop_empty_profiles',
    text: `DELETE FROM profile_part p USING ${LOSERS} lost
      WHERE p.partition = $1 AND p.profile_id = lost.profile_id
        AND p.visit_count = 0 AND p.event_count = 0 AND p.page_view_count = 0 AND p.duration_ms = 0`,
  },
};
/** Reads first and last seen from the visits as this commit leaves them, for profiles that still have some. */
const FIND_SEEN: Step = {
  statement: {
    name: 'commit_find_seen',
    text: `UPDATE profile_part p SET first_seen_at = seen.first, last_seen_at = seen.last
      FROM ${LOSERS} lost CROSS JOIN LATERAL (
        SELECT min(started_at) AS first, max(last_event_at) AS last FROM ended_visit
        WHERE profile_id = lost.profile_id AND partition = $1 AND NOT debug
      ) seen
      WHERE p.partition = $1 AND p.profile_id = lost.profile_id`,
  },
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

export function traitSteps<Raw>({ traits }: Changes<Raw>, partition: number, blocks: Blocks): Step[] {
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
