import type { Changes, Emission, PartitionState, TraitWrite } from './changes.ts';
import { PackedId } from './memory/event-ids.ts';
import { applyEvents } from './memory/folding.ts';
import { PendingEvents, type VisitEvents } from './memory/pending-events.ts';
import { PREFETCH_BATCH, prefetched } from './memory/prefetch.ts';
import { Revisions } from './memory/revisions.ts';
import { largeBytes } from './memory/size.ts';
import type { StoredIn, Visit } from './memory/visit.ts';
import type { TrackEvent } from './rules/event.ts';
import { compareUtf8 } from './rules/order.ts';
import type { Rules } from './rules/rules.ts';
import type { VisitEnded } from './rules/visit-ended.ts';

const id = new PackedId();

/** Is called with each message as it arises. The message is the fold's: nothing of it may be kept. */
export type OnEmission<Raw> = (emission: Emission<Raw>) => void;

/**
 * What has changed since the last commit was taken.
 *
 * Invariant: a visit stands in the table that `visit.stored` names, and in no other, once all that was taken is
 * committed. So each change names the table of the row that it replaces.
 */
export class Ledger<Raw> {
  /** Where accepted events wait for the next commit. */
  readonly pendingEvents = new PendingEvents();
  private readonly rules: Rules;
  private dirty: Visit[] = [];
  private removed: { id: string; from: StoredIn; survivor: string }[] = [];
  private revisions = new Revisions();
  private traits = new Map<string, TraitWrite>();
  private emissions: Emission<Raw>[] = [];
  private readonly onEmission: OnEmission<Raw> | null;
  private emitted = 0;
  private large = 0;

  /** @param onEmission is called with each message; null: they wait for the commit, and are among its changes. */
  constructor(rules: Rules, onEmission: OnEmission<Raw> | null) {
    this.rules = rules;
    this.onEmission = onEmission;
  }

  /** Visits and messages to write, and visits to remove, in a commit taken now: what it costs. */
  get size(): number {
    return this.dirty.length + this.emitted + this.removed.length;
  }

  /** Bytes, about, that large visits add to a commit taken now: see `largeBytes`. */
  get largeBytes(): number {
    return this.large;
  }

  changed(visit: Visit): void {
    if (visit.dirty) return;
    visit.dirty = true;
    this.dirty.push(visit);
    if (visit.mayBeLarge) this.large += largeBytes(visit);
  }

  /** `visit` was merged into `survivor`, which has all of its events, the pending ones too. */
  mergedAway(visit: Visit, survivor: Visit): void {
    visit.dirty = false;
    if (visit.stored === null) return;
    this.removed.push({ id: visit.id, from: visit.stored, survivor: survivor.id });
  }

  emit(emission: Emission<Raw>): void {
    this.emitted += 1;
    if (this.onEmission === null) this.emissions.push(emission);
    else this.onEmission(emission);
  }

  published(visit: Visit, message: VisitEnded): void {
    visit.pendingRevision = this.revisions.add(visit.readId(id), message);
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

  /** Hands over all changes, and begins the next commit's. Visits count as stored from now on. */
  take(state: PartitionState): Changes<Raw> {
    const visits: { visit: Visit; from: StoredIn | null; pendingRevision: number }[] = [];
    const events: { visit: Visit; events: VisitEvents }[] = [];
    const { dirty } = this;
    for (let i = 0; i < dirty.length; i++) {
      if (i % PREFETCH_BATCH === 0) this.prefetchVisits(i);
      const visit = dirty[i]!;
      if (!visit.dirty) continue;
      visit.dirty = false;
      applyEvents(this.rules, visit, this.pendingEvents);
      visits.push({ visit, from: visit.stored, pendingRevision: visit.pendingRevision });
      visit.pendingRevision = -1;
      const pendingEvents = this.pendingEvents.take(visit);
      if (pendingEvents !== null) events.push({ visit, events: pendingEvents });
      visit.stored = visit.ended ? 'ended' : 'open';
    }
    const changes: Changes<Raw> = {
      state: { ...state, counts: { ...state.counts } },
      visits,
      removed: this.removed,
      events,
      revisions: this.revisions,
      traits: [...this.traits.values()],
      emissions: this.emissions,
    };
    this.dirty = [];
    this.removed = [];
    this.revisions = new Revisions();
    this.traits = new Map();
    this.emissions = [];
    this.emitted = 0;
    this.large = 0;
    this.pendingEvents.markDrained();
    return changes;
  }

  /** Prefetches the next visits, as `LookAhead` does for those of the next events. */
  private prefetchVisits(from: number): void {
    const { dirty, pendingEvents } = this;
    const to = Math.min(from + PREFETCH_BATCH, dirty.length);
    let sum = 0;
    for (let i = from; i < to; i++) sum ^= dirty[i]!.prefetch() ^ pendingEvents.prefetch(dirty[i]!);
    prefetched(sum);
  }
}

function isLater(t: number, eventId: string, sessionId: string, now: TraitWrite): boolean {
  if (t !== now.t) return t > now.t;
  if (eventId !== now.eventId) return compareUtf8(eventId, now.eventId) > 0;
  return compareUtf8(sessionId, now.sessionId) > 0;
}
