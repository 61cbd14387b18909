import type { PendingEvents } from './memory/pending-events.ts';
import { PREFETCH_BATCH, prefetched } from './memory/prefetch.ts';
import type { Session } from './memory/session.ts';
import type { Visit } from './memory/visit.ts';
import type { TrackEvent } from './rules/event.ts';

/**
 * The events that were looked up, in the order in which they will be folded, and the session of each: it spares the
 * fold a search for the session, and lets it prefetch the visits of many events at once.
 */
export class LookAhead {
  private readonly pendingEvents: PendingEvents;
  private events: TrackEvent[] = [];
  private sessions: Session<Visit>[] = [];
  /** Those before this one were folded. */
  private next = 0;
  /** Up to here the visits have been prefetched. */
  private prefetchedTo = 0;

  /** @param pendingEvents holds the events that are not applied to visits' values. */
  constructor(pendingEvents: PendingEvents) {
    this.pendingEvents = pendingEvents;
  }

  add(event: TrackEvent, session: Session<Visit>): void {
    this.events.push(event);
    this.sessions.push(session);
  }

  /** Keeps what was not folded. */
  dropFolded(): void {
    this.sessions = this.sessions.slice(this.next);
    this.events = this.events.slice(this.next);
    this.next = 0;
    this.prefetchedTo = 0;
  }

  /** @returns the session of an event that is folded now, as a rule the next one here; null: it is not the next. */
  take(event: TrackEvent): Session<Visit> | null {
    if (this.next >= this.prefetchedTo) this.prefetchVisits();
    // The same object: its values need not be read.
    if (this.events[this.next] !== event) return null;
    const session = this.sessions[this.next++]!;
    if (this.next === this.sessions.length) this.dropFolded();
    return session;
  }

  /** Prefetches the visits that the next events most likely belong to. */
  private prefetchVisits(): void {
    const { sessions } = this;
    this.prefetchedTo = Math.min(this.next + PREFETCH_BATCH, sessions.length);
    let sum = 0;
    for (let i = this.next; i < this.prefetchedTo; i++) {
      const session = sessions[i]!;
      const { count } = session;
      if (count === 0) continue;
      const visit = session.at(count - 1);
      sum ^= visit.prefetch() ^ this.pendingEvents.prefetchLast(visit);
    }
    prefetched(sum);
  }
}
