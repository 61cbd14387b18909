import type { Session } from './memory/session.ts';
import type { Sessions } from './memory/sessions.ts';
import type { Visit } from './memory/visit.ts';

/** The sessions of which a commit has something: to be given back once the store has it. */
export type InCommit = readonly Session<Visit>[];

/** Keeps sessions in memory from their first change until the commit that has their last one is done. */
export class PinnedSessions {
  private readonly sessions: Sessions;
  private inNextCommit: Session<Visit>[] = [];

  constructor(sessions: Sessions) {
    this.sessions = sessions;
  }

  /** Something of the session is in the next commit. */
  pin(session: Session<Visit>): void {
    if (session.inNextCommit) return;
    this.sessions.wake(session);
    session.inNextCommit = true;
    session.pin();
    this.inNextCommit.push(session);
  }

  /** Hands over what the next commit has; what is pinned from now on belongs to the one after it. */
  take(): InCommit {
    const taken = this.inNextCommit;
    for (const session of taken) session.inNextCommit = false;
    this.inNextCommit = [];
    return taken;
  }

  /**
   * The store has the commit: sessions with nothing open may leave memory.
   * @param next number of the next record, as `Session.neededUntil` counts them.
   */
  unpin(inCommit: InCommit, watermark: number | null, next: number): void {
    for (const session of inCommit) {
      session.unpin();
      this.sessions.release(session, watermark, next);
    }
  }
}
