import type { Changes } from '../core/changes.ts';
import { PackedId } from '../core/memory/event-ids.ts';
import { prefetched } from '../core/memory/prefetch.ts';
import type { Commit } from '../ports/store.ts';
import { arrayParameter, UUID } from './arrays.ts';
import type { Statement, Step } from './batch.ts';
import type { Blocks } from './blocks.ts';
import { CHUNK_COLUMN_COUNT, CHUNK_COLUMNS, writeChunks } from './chunk-row.ts';
import { CopyRows } from './copy.ts';
import { addOutboxSteps, trimStep } from './outbox.ts';
import { type KnownProfiles, ProfileDeltas, traitSteps } from './profiles.ts';
import type { MissingMonths } from './ranges.ts';
import { RevisionRows } from './revisions.ts';
import { type SetAsideCounts, setAsideSteps } from './set-aside.ts';
import { copy, copyStatement } from './statements.ts';
import { visitSteps } from './visits.ts';

/** What a commit must find in the partition's row. */
export interface Expected {
  readonly partition: number;
  readonly epoch: number;
  readonly nextOffset: number;
  readonly commitNumber: number;
  /** Counters of what was set aside up to the commit before. */
  readonly setAside: SetAsideCounts;
}

/**
 * All statements of one commit, with all of `commit` read and encoded: the fold may go on once this returns. `months`
 * learns each id that gets a row in a table partitioned by range; `known` relies on the commit to go through.
 *
 * Invariant: the first step fails unless the partition's row is as expected; and each step that moves or changes rows
 * fails unless it meets as many as the fold believes are there. A processor that has lost the partition writes nothing,
 * and nothing is written on top of rows that are not what was folded.
 */
export function commitSteps<Raw>(
  commit: Commit<Raw>,
  expected: Expected,
  trimOutbox: boolean,
  months: MissingMonths,
  known: KnownProfiles,
  blocks: Blocks,
): Step[] {
  const { changes } = commit;
  const { partition } = expected;
  const revisions = new RevisionRows(changes);
  const profiles = new ProfileDeltas(known);
  return [
    fenceStep(commit, expected),
    ...visitSteps(commit, partition, { revisions, profiles, months }, blocks),
    ...eventSteps(changes, months, blocks),
    ...revisions.steps(months, blocks),
    ...aliasSteps(changes),
    ...profiles.steps(partition, blocks),
    ...traitSteps(changes, partition, blocks),
    ...setAsideSteps(partition, expected.setAside, changes.state.counts, changes.state.arrivalClock),
    ...(commit.outbox === null ? [] : addOutboxSteps(commit.outbox, partition, blocks)),
    ...(trimOutbox ? [trimStep(partition, commit.published)] : []),
    ...writerSchemaSteps(commit, expected),
  ];
}

export const FENCE: Statement = {
  name: 'commit_fence',
  // Without a row this divides by zero: only an error makes Postgres skip all that follows in the batch.
  text: `WITH fenced AS (
      UPDATE partition_state SET
        next_offset = $5, sequence = $6, published = greatest(published, $7),
        arrival_clock = $8, event_clock = $9, anticipated_to = $10,
        last_offset = coalesce($11, last_offset), last_digest = coalesce($12, last_digest),
        amendable = $13, counts = $14, commit_number = commit_number + 1, started = true, updated_at = now()
      WHERE partition = $1 AND epoch = $2 AND next_offset = $3 AND commit_number = $4
      RETURNING 1)
    SELECT 1 / count(*) FROM fenced`,
};

function fenceStep<Raw>({ changes, lastRecord, published }: Commit<Raw>, expected: Expected): Step {
  const { state } = changes;
  const { partition, epoch, nextOffset, commitNumber } = expected;
  const values = [
    ...[partition, epoch, nextOffset, commitNumber],
    ...[state.nextOffset, state.sequence, published],
    ...[state.arrivalClock, state.eventClock, state.anticipatedTo],
    ...[lastRecord?.offset ?? null, lastRecord?.digest ?? null],
    JSON.stringify(state.amendable),
    JSON.stringify(state.counts),
  ];
  return { statement: FENCE, values };
}

const COPY_CHUNK = copyStatement('visit_chunk', CHUNK_COLUMNS);

function eventSteps<Raw>(changes: Changes<Raw>, months: MissingMonths, blocks: Blocks): Step[] {
  const rows = new CopyRows(CHUNK_COLUMN_COUNT, blocks);
  const id = new PackedId();
  const all = changes.events;
  for (let i = 0; i < all.length; i++) {
    if (i % PREFETCH_BATCH === 0) prefetchChunks(all, i);
    const { visit, events } = all[i]!;
    months.need(visit.readId(id));
    writeChunks(rows, id, events);
  }
  return copy(COPY_CHUNK, rows);
}

/** Visits whose events are prefetched at once: with ten events each they fit into the first cache. */
const PREFETCH_BATCH = 16;

function prefetchChunks(all: Changes<unknown>['events'], from: number): void {
  const chains = all.slice(from, from + PREFETCH_BATCH).map(({ events }) => events);
  prefetched(chains[0]!.columns.prefetchChains(chains));
}

const MOVE_ALIASES: Statement = {
  name: 'commit_move_aliases',
  text: `UPDATE visit_alias a SET survivor = n.survivor
    FROM unnest($1::uuid[], $2::uuid[]) AS n (visit_id, survivor) WHERE a.survivor = n.visit_id`,
};
const ADD_ALIASES: Statement = {
  name: 'commit_add_aliases',
  text: 'INSERT INTO visit_alias (visit_id, survivor) SELECT * FROM unnest($1::uuid[], $2::uuid[])',
};

/** Keeps chains short: an alias of a visit that is merged away points at the survivor from now on. */
function aliasSteps<Raw>({ removed }: Changes<Raw>): Step[] {
  if (removed.length === 0) return [];
  const survivorOf = new Map(removed.map(({ id, survivor }) => [id, survivor]));
  const last = (id: string): string => {
    let survivor = id;
    for (let next = survivorOf.get(id); next !== undefined; next = survivorOf.get(next)) survivor = next;
    return survivor;
  };
  const ids = [...survivorOf.keys()];
  const values = [arrayParameter(UUID, ids), arrayParameter(UUID, ids.map(last))];
  return [
    { statement: MOVE_ALIASES, values },
    { statement: ADD_ALIASES, values },
  ];
}

const ADD_WRITER_SCHEMA: Statement = {
  name: 'commit_add_writer_schema',
  text: `INSERT INTO writer_schema (partition, id, schema, commit_number, from_offset) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (partition, id) DO NOTHING`,
};

function writerSchemaSteps<Raw>({ writerSchemas }: Commit<Raw>, { partition, commitNumber }: Expected): Step[] {
  return writerSchemas.map(({ id, schema, fromOffset }) => ({
    statement: ADD_WRITER_SCHEMA,
    values: [partition, id, schema, commitNumber + 1, fromOffset],
  }));
}
