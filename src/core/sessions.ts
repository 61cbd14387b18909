import { isFrozen } from './ending.ts';
import type { TrackEvent } from './event.ts';
import type { Rules } from './rules.ts';
import type { Visit } from './visit.ts';

/** The visits that one session id, or its debug traffic, has in memory. */
export interface Session {
  readonly sessionId: string;
  readonly debug: boolean;
  /** By start; disjoint. */
  readonly visits: Visit[];
  /** All ended visits that an event may still touch are here, and all event ids that a resend may match. */
  complete: boolean;
  /** Something of it will be in the next commit. */
  touched: boolean;
  /** Commits, the next one included, that hold something of it and are not settled. Above 0 it stays in memory. */
  holds: number;
  /** Offset of the last record that it was looked up for; -1: none. Until that one is folded it stays in memory. */
  awaited: number;
}

/**
 * The sessions in memory.
 *
 * Invariant: a session that is not here has nothing open, and all that it has is in the store. So what is not here may
 * be looked up there, and nothing is missed. A session leaves only when the commit that held its last change is done, and
 * when the records that it was looked up for are folded.
 */
export class Sessions {
  private readonly rules: Rules;
  private readonly plain = new Map<string, Session>();
  private readonly debug = new Map<string, Session>();

  constructor(rules: Rules) {
    this.rules = rules;
  }

  isDebug(event: TrackEvent): boolean {
    return event.debug || this.rules.debugSessionIds.has(event.sessionId);
  }

  find(sessionId: string, debug: boolean): Session | undefined {
    return (debug ? this.debug : this.plain).get(sessionId);
  }

  /** @param complete whether a session that is made now is known to have nothing in the store. */
  findOrMake(sessionId: string, debug: boolean, complete: boolean): Session {
    const sessions = debug ? this.debug : this.plain;
    let session = sessions.get(sessionId);
    if (session === undefined) {
      session = { sessionId, debug, visits: [], complete, touched: false, holds: 0, awaited: -1 };
      sessions.set(sessionId, session);
    }
    return session;
  }

  insert(session: Session, visit: Visit): void {
    const { visits } = session;
    let i = visits.length;
    while (i > 0 && visits[i - 1]!.startedAt > visit.startedAt) i -= 1;
    visits.splice(i, 0, visit);
  }

  remove(session: Session, visit: Visit): void {
    session.visits.splice(session.visits.indexOf(visit), 1);
  }

  /** Lets go of what no event can touch any more, and of the whole session if nothing of it is open or on its way. */
  forget(session: Session, watermark: number | null, nextOffset: number): void {
    if (session.holds > 0 || session.awaited >= nextOffset) return;
    const { visits } = session;
    if (visits.every((visit) => visit.ended)) {
      (session.debug ? this.debug : this.plain).delete(session.sessionId);
      return;
    }
    if (watermark === null) return;
    const oldest = watermark - this.rules.maxAge - this.rules.gap;
    let kept = 0;
    for (const visit of visits) {
      const frozen = isFrozen(this.rules, visit, watermark);
      if (frozen) visit.eventIds = null;
      if (!frozen || visit.lastEventAt >= oldest) visits[kept++] = visit;
    }
    visits.length = kept;
  }

  *[Symbol.iterator](): Iterator<Session> {
    yield* this.plain.values();
    yield* this.debug.values();
  }
}
