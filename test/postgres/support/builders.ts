import { type Changes, noCounts, type PartitionState } from '../../../src/core/changes.ts';
import { Session } from '../../../src/core/memory/session.ts';
import { TypeCounts } from '../../../src/core/memory/type-counts.ts';
import { type StoredIn, Visit } from '../../../src/core/memory/visit.ts';
import type { Revision } from '../../../src/core/rules/visit-ended.ts';
import type { Commit, Lease } from '../../../src/ports/store.ts';
import { revisionsOf } from '../../support/revisions-of.ts';

export const T0 = Date.UTC(2026, 10, 5, 12);

let opened = 0;

/** A visit of two events, opened by a record of `openedAt`. */
export function makeVisit(of: Partial<Visit> & { openedAt?: number } = {}): Visit {
  const { openedAt = T0, sessionId = 's1', debug = false, startedAt = openedAt, ...rest } = of;
  opened += 1;
  const last = rest.lastEventAt ?? startedAt + 60_000;
  const visit = new Visit(idAt(openedAt), new Session(sessionId, debug, false), opened, 0, startedAt, last, last);
  return Object.assign(visit, { eventCount: 2, pageViewCount: 1, types: TypeCounts.of([['page-view', 2]]) }, rest);
}

export function idAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${hex.slice(0, 8)}-${hex.slice(8)}-8${random.slice(15)}`;
}

/** What a commit changes besides visits. */
type Told = Partial<Omit<Changes<string>, 'revisions'>> & { readonly revisions?: readonly Revision[] };

/** One commit on a lease, as the fold would give it: from where each visit is, to where `visit.ended` says. */
export class TestCommitter {
  readonly lease: Lease<string>;
  readonly #places = new Map<string, StoredIn | null>();
  state: PartitionState;

  constructor(lease: Lease<string>) {
    this.lease = lease;
    this.state = { ...lease.state };
    for (const visit of lease.open) this.#places.set(visit.id, 'open');
  }

  async commit(visits: readonly Visit[] = [], more: Told = {}, rest: Partial<Commit<string>> = {}): Promise<void> {
    await this.lease.commit(this.commitOf(visits, more, rest));
  }

  commitOf(visits: readonly Visit[], more: Told, rest: Partial<Commit<string>>): Commit<string> {
    const { outbox } = rest;
    const { revisions = [], ...others } = more;
    this.state = {
      ...this.state,
      nextOffset: this.state.nextOffset + 1,
      sequence: outbox ? outbox.next : this.state.sequence,
      counts: { ...noCounts(), records: this.state.nextOffset + 1 },
      ...more.state,
    };
    const moved = visits.map((visit) => ({
      visit,
      from: this.#places.get(visit.id) ?? null,
      pendingRevision: revisions.findLastIndex(({ visitId }) => visitId === visit.id),
    }));
    for (const visit of visits) {
      this.#places.set(visit.id, visit.ended ? 'ended' : 'open');
      visit.stored = visit.ended ? 'ended' : 'open';
    }
    return {
      changes: {
        removed: [],
        events: [],
        traits: [],
        emissions: [],
        ...others,
        revisions: revisionsOf(revisions),
        state: this.state,
        visits: moved,
      },
      amendableUntil: (visit) => visit.lastEventAt + 86_400_000,
      outbox: null,
      lastRecord: null,
      published: 0,
      writerSchemas: [],
      ...rest,
    };
  }
}
