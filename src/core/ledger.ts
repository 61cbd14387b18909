import type { Changes, Emission, PartitionState, ProfileDelta, Revision, TraitWrite } from './changes.ts';
import type { TrackEvent } from './event.ts';
import { takeEvents } from './folding.ts';
import { FreshEvents, type VisitEvents } from './fresh-events.ts';
import { compareUtf8 } from './order.ts';
import type { Rules } from './rules.ts';
import { largeBytes } from './size.ts';
import type { Contribution, Stored, Visit } from './visit.ts';

/**
 * What has changed since the last commit was taken.
 *
 * Invariant: what a profile is given is the difference between what its visits contribute now and what they
 * contributed at the last commit (`visit.stored`), so that a profile is at every commit the sum of its visits.
 */
export class Ledger<Raw> {
  /** Where accepted events wait for the next commit. */
  readonly fresh = new FreshEvents();
  private readonly rules: Rules;
  private dirty: Visit[] = [];
  private removed: { id: string; from: 'open' | 'ended'; survivor: string; contributed: Contribution | null }[] = [];
  private revisions: Revision[] = [];
  private traits = new Map<string, TraitWrite>();
  private emissions: Emission<Raw>[] = [];
  private large = 0;

  constructor(rules: Rules) {
    this.rules = rules;
  }

  /** Visits, messages and revisions that a commit taken now would write: what it costs. */
  get size(): number {
    return this.dirty.length + this.emissions.length + this.removed.length;
  }

  /** Bytes, about, that large visits add to a commit taken now: see `largeBytes`. */
  get largeBytes(): number {
    return this.large;
  }

  changed(visit: Visit): void {
    if (visit.dirty) return;
    visit.dirty = true;
    this.dirty.push(visit);
    this.large += largeBytes(visit);
  }

  /** `visit` is no more; `survivor` has all that it held, its fresh events too. */
  mergedAway(visit: Visit, survivor: Visit): void {
    visit.dirty = false;
    if (visit.stored === null) return;
    const { id, stored, debug } = visit;
    this.removed.push({ id, from: stored.place, survivor: survivor.id, contributed: debug ? null : stored });
  }

  emit(emission: Emission<Raw>): void {
    this.emissions.push(emission);
  }

  published(revision: Revision): void {
    this.revisions.push(revision);
  }

  /** The traits that an accepted event sets on the profile it names. */
  setTraits(event: TrackEvent): void {
    if (event.profileId === null || event.traits.length === 0) return;
    const { profileId, t, eventId, sessionId } = event;
    for (const [key, value] of event.traits) {
      const at = `${profileId}\0${key}`;
      const now = this.traits.get(at);
      if (now !== undefined && !isLater(t, eventId, sessionId, now)) continue;
      this.traits.set(at, { profileId, key, value, t, eventId, sessionId });
    }
  }

  /** Hands over all changes, and begins anew. Visits count as stored from now on. */
  take(state: PartitionState): Changes<Raw> {
    const profiles = new Map<string, ProfileDelta>();
    const visits: { visit: Visit; from: 'open' | 'ended' | null }[] = [];
    const events: { visitId: string; events: VisitEvents }[] = [];
    for (const { contributed } of this.removed) if (contributed !== null) withdraw(profiles, contributed);
    for (const visit of this.dirty) {
      if (!visit.dirty) continue;
      visit.dirty = false;
      takeEvents(this.rules, visit, this.fresh);
      const before = visit.stored;
      const now = storedForm(visit);
      visits.push({ visit, from: before?.place ?? null });
      if (visit.freshCount > 0) events.push({ visitId: visit.id, events: this.fresh.take(visit) });
      if (!visit.debug) contribute(profiles, before, now);
      visit.stored = now;
    }
    const changes: Changes<Raw> = {
      state: { ...state, counts: { ...state.counts } },
      visits,
      removed: this.removed.map(({ id, from, survivor }) => ({ id, from, survivor })),
      events,
      revisions: this.revisions,
      profiles: [...profiles.values()],
      traits: [...this.traits.values()],
      emissions: this.emissions,
    };
    this.dirty = [];
    this.removed = [];
    this.revisions = [];
    this.traits = new Map();
    this.emissions = [];
    this.large = 0;
    this.fresh.end();
    return changes;
  }
}

function isLater(t: number, eventId: string, sessionId: string, now: TraitWrite): boolean {
  if (t !== now.t) return t > now.t;
  if (eventId !== now.eventId) return compareUtf8(eventId, now.eventId) > 0;
  return compareUtf8(sessionId, now.sessionId) > 0;
}

function storedForm(visit: Visit): Stored {
  return {
    place: visit.ended ? 'ended' : 'open',
    profileId: visit.profileId,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    startedAt: visit.startedAt,
    lastEventAt: visit.lastEventAt,
  };
}

function contribute(profiles: Map<string, ProfileDelta>, before: Contribution | null, now: Contribution): void {
  if (before !== null && before.profileId !== null && before.profileId !== now.profileId) withdraw(profiles, before);
  if (now.profileId === null) return;
  const delta = deltaOf(profiles, now.profileId);
  const base = before !== null && before.profileId === now.profileId ? before : null;
  delta.visitCount += base === null ? 1 : 0;
  delta.eventCount += now.eventCount - (base?.eventCount ?? 0);
  delta.pageViewCount += now.pageViewCount - (base?.pageViewCount ?? 0);
  delta.durationMs += now.lastEventAt - now.startedAt - (base === null ? 0 : base.lastEventAt - base.startedAt);
  delta.firstSeenAt = Math.min(delta.firstSeenAt ?? now.startedAt, now.startedAt);
  delta.lastSeenAt = Math.max(delta.lastSeenAt ?? now.lastEventAt, now.lastEventAt);
}

function withdraw(profiles: Map<string, ProfileDelta>, before: Contribution): void {
  if (before.profileId === null) return;
  const delta = deltaOf(profiles, before.profileId);
  delta.visitCount -= 1;
  delta.eventCount -= before.eventCount;
  delta.pageViewCount -= before.pageViewCount;
  delta.durationMs -= before.lastEventAt - before.startedAt;
  delta.shrunk = true;
}

function deltaOf(profiles: Map<string, ProfileDelta>, profileId: string): ProfileDelta {
  let delta = profiles.get(profileId);
  if (delta === undefined) {
    delta = {
      profileId,
      visitCount: 0,
      eventCount: 0,
      pageViewCount: 0,
      durationMs: 0,
      firstSeenAt: null,
      lastSeenAt: null,
      shrunk: false,
    };
    profiles.set(profileId, delta);
  }
  return delta;
}
