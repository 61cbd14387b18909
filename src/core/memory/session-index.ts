import type { PackedId } from './event-ids.ts';
import { Session, UuidSession } from './session.ts';
import { type Uuid, UuidTable } from './uuid-table.ts';
import type { Visit } from './visit.ts';

/** Sessions by their ids, those of debug traffic apart. */
export class SessionIndex extends UuidTable {
  private readonly sessions: (UuidSession<Visit> | null)[] = [];
  /** Indexes in `sessions` that are not used. */
  private readonly free: number[] = [];
  /** Sessions whose id is no UUID in canonical form. */
  private readonly others = new Map<string, Session<Visit>>();

  /** How many indexes there are, used or not: for tests. */
  get room(): number {
    return this.sessions.length;
  }

  get(id: PackedId): Session<Visit> | null {
    if (!id.isUuid) return this.others.get(id.text) ?? null;
    const index = this.indexOf(id);
    return index < 0 ? null : this.sessions[index]!;
  }

  /** @param id of no session here. @param sessionId the same as text. */
  add(id: PackedId, sessionId: string, fullyLoaded: boolean): Session<Visit> {
    if (!id.isUuid) {
      const session = new Session<Visit>(sessionId, false, fullyLoaded);
      this.others.set(sessionId, session);
      return session;
    }
    const session = new UuidSession<Visit>(sessionId, id, fullyLoaded);
    const index = this.free.pop() ?? this.sessions.length;
    this.sessions[index] = session;
    this.enter(session, index);
    return session;
  }

  delete(session: Session<Visit>): void {
    if (!(session instanceof UuidSession)) {
      this.others.delete(session.sessionId);
      return;
    }
    const index = this.indexOf(session);
    this.leave(index);
    this.sessions[index] = null;
    this.free.push(index);
  }

  *values(): Iterable<Session<Visit>> {
    for (const session of this.sessions) if (session !== null) yield session;
    yield* this.others.values();
  }

  protected override uuidAt(index: number): Uuid {
    return this.sessions[index]!;
  }
}
