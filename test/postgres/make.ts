import { type Changes, noCounts, type PartitionState, type ProfileDelta } from '../../src/core/changes.ts';
import { TypeCounts } from '../../src/core/type-counts.ts';
import { Visit } from '../../src/core/visit.ts';
import type { Commit, Lease } from '../../src/processor/ports.ts';

export const T0 = Date.UTC(2026, 10, 5, 12);

let opened = 0;

/** A visit of two events, opened by a record of `openedAt`. */
export function makeVisit(of: Partial<Visit> & { openedAt?: number } = {}): Visit {
  const { openedAt = T0, sessionId = 's1', debug = false, startedAt = openedAt, ...rest } = of;
  opened += 1;
  const last = rest.lastEventAt ?? startedAt + 60_000;
  const visit = new Visit(idAt(openedAt), sessionId, debug, opened, 0, startedAt, last, last);
  return Object.assign(visit, { eventCount: 2, pageViewCount: 1, types: TypeCounts.of([['page-view', 2]]) }, rest);
}

export function idAt(ms: number): string {
  const hex = ms.toString(16).padStart(12, '0');
  const random = crypto.randomUUID();
  return `${hex.slice(0, 8)}-${hex.slice(8)}-8${random.slice(15)}`;
}

type Place = 'open' | 'ended' | null;

/**
 * One commit on a lease, as the fold would give it: from where each visit is, to where `visit.ended` says; what it
 * contributes to profiles is left to the test.
 */
export class Committer {
  readonly lease: Lease<string>;
  readonly #places = new Map<string, Place>();
  state: PartitionState;

  constructor(lease: Lease<string>) {
    this.lease = lease;
    this.state = { ...lease.state };
    for (const visit of lease.open) this.#places.set(visit.id, 'open');
  }

  async commit(
    visits: readonly Visit[] = [],
    more: Partial<Changes<string>> = {},
    rest: Partial<Commit<string>> = {},
  ): Promise<void> {
    await this.lease.commit(this.commitOf(visits, more, rest));
  }

  commitOf(visits: readonly Visit[], more: Partial<Changes<string>>, rest: Partial<Commit<string>>): Commit<string> {
    const { outbox } = rest;
    this.state = {
      ...this.state,
      nextOffset: this.state.nextOffset + 1,
      sequence: outbox ? outbox.next : this.state.sequence,
      counts: { ...noCounts(), records: this.state.nextOffset + 1 },
      ...more.state,
    };
    const moved = visits.map((visit) => ({ visit, from: this.#places.get(visit.id) ?? null }));
    for (const visit of visits) {
      this.#places.set(visit.id, visit.ended ? 'ended' : 'open');
      visit.stored = {
        place: visit.ended ? 'ended' : 'open',
        profileId: visit.profileId,
        eventCount: visit.eventCount,
        pageViewCount: visit.pageViewCount,
        startedAt: visit.startedAt,
        lastEventAt: visit.lastEventAt,
      };
    }
    return {
      changes: {
        removed: [],
        events: [],
        revisions: [],
        profiles: [],
        traits: [],
        emissions: [],
        ...more,
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

/** What a visit gives to a profile that gains it. */
export function gain(profileId: string, visit: Visit): ProfileDelta {
  return {
    profileId,
    visitCount: 1,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    durationMs: visit.lastEventAt - visit.startedAt,
    firstSeenAt: visit.startedAt,
    lastSeenAt: visit.lastEventAt,
    shrunk: false,
  };
}

/** What it takes from one that loses it. */
export function loss(profileId: string, visit: Visit): ProfileDelta {
  return {
    profileId,
    visitCount: -1,
    eventCount: -visit.eventCount,
    pageViewCount: -visit.pageViewCount,
    durationMs: visit.startedAt - visit.lastEventAt,
    firstSeenAt: null,
    lastSeenAt: null,
    shrunk: true,
  };
}
