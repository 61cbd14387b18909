/**
 * One partition's rows, and what a commit does to them.
 *
 * Invariant: a commit is written whole or not at all. It is first turned into plain values (`prepare`), then held
 * against the rows (`check`), and only then written (`write`), which cannot fail. A commit that contradicts the rows —
 * a visit that is not in the table it is said to be in, a revision that is there already — is a mistake of the fold and
 * is refused, where a database would raise a constraint or, worse, not notice.
 */
import type { PartitionState, TraitWrite } from '../core/changes.ts';
import { emptyState } from '../core/changes.ts';
import { openedAt } from '../core/ids.ts';
import { EventIds, PackedId } from '../core/memory/event-ids.ts';
import type { StoredIn, VisitEvent } from '../core/memory/visit.ts';
import type { Revision } from '../core/rules/visit-ended.ts';
import type { RecordDigest } from '../ports/record.ts';
import type { Commit, HistoryQuery, HistoryReach, OutboxRow, SessionHistory } from '../ports/store.ts';
import { ProfileChanges } from './profile-changes.ts';
import { ProfileParts } from './profile-parts.ts';
import { rowOf, type VisitRow, visitOf } from './visit-row.ts';

/** All that a commit says, as plain values that share nothing with the fold. */
export interface PreparedCommit {
  readonly state: PartitionState;
  readonly visits: readonly { readonly row: VisitRow; readonly from: StoredIn | null }[];
  readonly removed: readonly { readonly id: string; readonly from: StoredIn; readonly survivor: string }[];
  readonly events: readonly { readonly visitId: string; readonly events: readonly VisitEvent[] }[];
  readonly revisions: readonly Revision[];
  readonly traits: readonly TraitWrite[];
  readonly lastRecord: RecordDigest | null;
  readonly published: number;
  readonly outbox: OutboxRow | null;
  readonly writerSchemas: readonly { readonly id: number; readonly schema: string }[];
}

export function prepare<Raw>(commit: Commit<Raw>): PreparedCommit {
  const { state, removed, revisions, traits } = commit.changes;
  const events = commit.changes.events.map(({ visit, events: each }) => ({ visitId: visit.id, events: [...each] }));
  const plain = structuredClone({ state, removed, events, traits });
  const visits = commit.changes.visits.map(({ visit, from }) => ({
    row: rowOf(visit, visit.ended ? commit.amendableUntil(visit) : null),
    from,
  }));
  const outbox = commit.outbox && { ...commit.outbox, payload: Buffer.from(commit.outbox.payload) };
  const { lastRecord, published, writerSchemas } = commit;
  return {
    ...plain,
    revisions: [...revisions],
    visits,
    outbox,
    ...structuredClone({ lastRecord, published, writerSchemas }),
  };
}

export class PartitionTables {
  epoch = 0;
  /** How many commits were written: with the next offset, what a commit expects to find. */
  commits = 0;
  state: PartitionState = emptyState();
  lastRecord: RecordDigest | null = null;
  published = 0;
  outbox: readonly OutboxRow[] = [];

  readonly open = new Map<string, VisitRow>();
  readonly ended = new Map<string, VisitRow>();
  readonly revisions = new Map<string, Revision>();
  readonly profiles = new ProfileParts();

  /** Append-only, by the visit that they were written for. */
  private readonly chunks = new Map<string, VisitEvent[][]>();
  /** Visits merged away, by the one that took them: whose chunks are read as its own. */
  private readonly mergedInto = new Map<string, string[]>();

  *visits(): Iterable<VisitRow> {
    yield* this.open.values();
    yield* this.ended.values();
  }

  /** A visit's events, those of the visits merged into it included, in the order in which they were written. */
  eventsOf(visitId: string): VisitEvent[] {
    const own = (this.chunks.get(visitId) ?? []).flat();
    return [...own, ...(this.mergedInto.get(visitId) ?? []).flatMap((id) => this.eventsOf(id))];
  }

  /** New visits, which share nothing with the rows. */
  history(query: HistoryQuery): SessionHistory[] {
    const bySession = Map.groupBy(this.ended.values(), (row) => `${row.debug} ${row.sessionId}`);
    return query.sessions.map(({ sessionId, debug, openVisitIds }) => {
      const found = (bySession.get(`${debug} ${sessionId}`) ?? []).flatMap((row) => {
        if (!isWithin(query, row)) return [];
        return [visitOf(row, isFrozen(query, row) ? null : this.eventIdsOf(row.id))];
      });
      const openEventIds = new Map<string, EventIds>();
      for (const id of openVisitIds) if (this.open.has(id)) openEventIds.set(id, this.eventIdsOf(id));
      return { sessionId, debug, ended: found, openEventIds };
    });
  }

  /** Session ids of all that `history` could find. */
  endedSessions(reach: HistoryReach): string[] {
    return [...this.ended.values()].filter((row) => isWithin(reach, row)).map(({ sessionId }) => sessionId);
  }

  /** The rows as they are now, as a backup holds them. Rows are never changed, only replaced: they are shared. */
  copy(): PartitionTables {
    const copy = new PartitionTables();
    const { epoch, commits, state, lastRecord, published, outbox } = this;
    Object.assign(copy, { epoch, commits, state, lastRecord, published, outbox });
    for (const table of ['open', 'ended'] as const) for (const [id, row] of this[table]) copy[table].set(id, row);
    for (const [id, revision] of this.revisions) copy.revisions.set(id, revision);
    for (const [id, chunks] of this.chunks) copy.chunks.set(id, chunks);
    for (const [id, visits] of this.mergedInto) copy.mergedInto.set(id, visits);
    for (const [id, part] of this.profiles.parts) copy.profiles.parts.set(id, part);
    for (const [id, traits] of this.profiles.traits) copy.profiles.traits.set(id, new Map(traits));
    return copy;
  }

  /** @throws if the commit contradicts the rows. */
  check(commit: PreparedCommit): void {
    for (const { row, from } of commit.visits) this.checkPlace(row.id, from);
    for (const { id, from } of commit.removed) this.checkPlace(id, from);
    for (const { visitId, revision } of commit.revisions) {
      if (this.revisions.has(`${visitId} ${revision}`)) throw new Error(`revision ${revision} of ${visitId} is there`);
      const before = this.revisions.has(`${visitId} ${revision - 1}`);
      const beside = commit.revisions.some((other) => other.visitId === visitId && other.revision === revision - 1);
      if (revision > 0 && !before && !beside) throw new Error(`revision ${revision} of ${visitId} leaves a hole`);
    }
    const { sequence } = this.state;
    const [first, next] = commit.outbox === null ? [sequence, sequence] : [commit.outbox.first, commit.outbox.next];
    if (first !== sequence || next !== commit.state.sequence) {
      throw new Error(`outbox ${first} to ${next} does not lead from ${sequence} to ${commit.state.sequence}`);
    }
  }

  write(commit: PreparedCommit): void {
    const changed = new ProfileChanges();
    for (const { id, from, survivor } of commit.removed) {
      changed.leaves(this[from].get(id)!);
      this[from].delete(id);
      this.mergedInto.set(survivor, [...(this.mergedInto.get(survivor) ?? []), id]);
    }
    for (const { row, from } of commit.visits) {
      changed.becomes(from === null ? null : this[from].get(row.id)!, row);
      if (from !== null) this[from].delete(row.id);
      this[row.ended ? 'ended' : 'open'].set(row.id, row);
    }
    for (const { visitId, events } of commit.events) {
      this.chunks.set(visitId, [...(this.chunks.get(visitId) ?? []), [...events]]);
    }
    for (const revision of commit.revisions) this.revisions.set(`${revision.visitId} ${revision.revision}`, revision);
    for (const change of changed) this.profiles.add(change, this.visits());
    for (const trait of commit.traits) this.profiles.setTrait(trait);
    if (commit.outbox !== null) this.outbox = [...this.outbox, commit.outbox];
    this.acknowledge(commit.published);
    this.state = commit.state;
    this.lastRecord = commit.lastRecord ?? this.lastRecord;
    this.commits += 1;
  }

  /** Never back: what is published stays so. */
  acknowledge(published: number): void {
    this.published = Math.max(this.published, published);
    this.outbox = this.outbox.filter((row) => row.next > this.published);
  }

  private eventIdsOf(visitId: string): EventIds {
    return EventIds.of(this.eventsOf(visitId).map((event) => event.eventId));
  }

  private checkPlace(id: string, from: StoredIn | null): void {
    const at = this.open.has(id) ? 'open' : this.ended.has(id) ? 'ended' : null;
    if (at !== from) throw new Error(`visit ${id} is in table ${at}, not in ${from} as the commit says`);
  }
}

function isFrozen({ watermark }: HistoryReach, row: VisitRow): boolean {
  return watermark > row.amendableUntil!;
}

function isWithin(reach: HistoryReach, row: VisitRow): boolean {
  return (
    openedAt(new PackedId().set(row.id)) >= reach.openedSince &&
    (!isFrozen(reach, row) || row.lastEventAt >= reach.endedSince)
  );
}
