import type { PackedId } from './event-ids.ts';
import { Session, UuidSession } from './session.ts';
import { type Uuid, UuidTable } from './uuid-table.ts';

/** Sessions by their ids, those of debug traffic apart. */
export class SessionIndex extends UuidTable {
  private readonly sessions: (UuidSession | null)[] = [];
  /** Places in `sessions` that nobody has. */
  private readonly free: number[] = [];
  /** Those whose id is no UUID in canonical form. */
  private readonly others = new Map<string, Session>();

  /** Places that there are, those that nobody has included: for tests. */
  get room(): number {
    return this.sessions.length;
  }

  get(id: PackedId): Session | null {
    if (!id.isUuid) return this.others.get(id.text) ?? null;
    const place = this.placeOf(id);
    return place < 0 ? null : this.sessions[place]!;
  }

  /** @param id that no session here has; @param sessionId the same as text. */
  add(id: PackedId, sessionId: string, fullyLoaded: boolean): Session {
    if (!id.isUuid) {
      const session = new Session(sessionId, false, fullyLoaded);
      this.others.set(sessionId, session);
      return session;
    }
    const session = new UuidSession(sessionId, id, fullyLoaded);
    const place = this.free.pop() ?? this.sessions.length;
    this.sessions[place] = session;
    this.enter(session, place);
    return session;
  }

  delete(session: Session): void {
    if (!(session instanceof UuidSession)) {
      this.others.delete(session.sessionId);
      return;
    }
    const place = this.placeOf(session);
    this.leave(place);
    this.sessions[place] = null;
    this.free.push(place);
  }

  *values(): Iterable<Session> {
    for (const session of this.sessions) if (session !== null) yield session;
    yield* this.others.values();
  }

  protected override uuidAt(place: number): Uuid {
    return this.sessions[place]!;
  }
}
