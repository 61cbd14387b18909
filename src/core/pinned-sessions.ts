import { PREFETCH_BATCH, prefetched } from './memory/prefetch.ts';
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
    for (let i = 0; i < taken.length; i++) {
      if (i % PREFETCH_BATCH === 0) prefetchBatch(taken, i);
      taken[i]!.inNextCommit = false;
    }
    this.inNextCommit = [];
    return taken;
  }

  /**
   * The store has the commit: sessions with nothing open may leave memory.
   * @param next number of the next record, as `Session.neededUntil` counts them.
   */
  unpin(inCommit: InCommit, watermark: number | null, next: number): void {
    for (let i = 0; i < inCommit.length; i++) {
      if (i % PREFETCH_BATCH === 0) prefetchBatch(inCommit, i);
      const session = inCommit[i]!;
      session.unpin();
      this.sessions.release(session, watermark, next);
    }
  }
}

function prefetchBatch(sessions: InCommit, from: number): void {
  const to = Math.min(from + PREFETCH_BATCH, sessions.length);
  let sum = 0;
  for (let i = from; i < to; i++) sum ^= sessions[i]!.prefetch();
  prefetched(sum);
}
