import type { AmendableVisits } from './amendable.ts';
import type { PartitionState } from './changes.ts';
import type { HistoryQuery, HistoryReach, SessionHistory, SessionToLoad } from './history.ts';
import type { LookAhead } from './look-ahead.ts';
import { PackedId } from './memory/event-ids.ts';
import { IdFilter } from './memory/id-filter.ts';
import { PREFETCH_BATCH, prefetched } from './memory/prefetch.ts';
import { readEventId } from './memory/read-event.ts';
import type { Session } from './memory/session.ts';
import type { Sessions } from './memory/sessions.ts';
import { mayMatter } from './memory/stored-summaries.ts';
import type { Visit } from './memory/visit.ts';
import type { VisitTable } from './memory/visit-table.ts';
import type { PinnedSessions } from './pinned-sessions.ts';
import { isRefusal, type LogRecord, type TrackEvent } from './rules/event.ts';

/** A filter of the sessions that have something in the store, while it is being filled. */
export interface FilterInMaking {
  /** Ended visits whose sessions belong into it. */
  readonly reach: HistoryReach;
  readonly add: (sessionId: string) => void;
  /** Puts it to use. */
  readonly use: () => void;
}

/** The parts of a partition that look-ups read and change. */
interface Parts {
  readonly state: Readonly<PartitionState>;
  readonly sessions: Sessions;
  readonly ahead: LookAhead;
  readonly pinned: PinnedSessions;
  readonly amendable: AmendableVisits;
  readonly table: VisitTable;
}

/**
 * What of the store has to be in memory before records can be folded.
 *
 * Invariant: an event is folded only when all of its session that may matter to it is in memory. If something were
 * missing, a resend would count twice, and an event that belongs to an ended visit would begin another.
 */
export class LookUps {
  private readonly state: Readonly<PartitionState>;
  private readonly sessions: Sessions;
  private readonly ahead: LookAhead;
  private readonly pinned: PinnedSessions;
  private readonly amendable: AmendableVisits;
  private readonly table: VisitTable;
  /** Sessions store a record's offset less this: it stays a small integer, which V8 does not box. */
  private readonly firstOffset: number;

  constructor({ state, sessions, ahead, pinned, amendable, table }: Parts) {
    this.state = state;
    this.sessions = sessions;
    this.ahead = ahead;
    this.pinned = pinned;
    this.amendable = amendable;
    this.table = table;
    this.firstOffset = state.nextOffset;
  }

  /**
   * Queues records that will be folded next, and keeps their sessions in memory until then.
   * @returns the sessions that have to be loaded first; null if none.
   */
  prepare(records: readonly LogRecord<unknown>[], watermark: number | null): HistoryQuery | null {
    const toLoad = new Map<Session<Visit>, SessionToLoad>();
    const { sessions, ahead } = this;
    ahead.dropFolded();
    for (let r = 0; r < records.length; r++) {
      if (r % PREFETCH_BATCH === 0) this.prefetchSessions(records, r);
      const { entries, offset } = records[r]!;
      const number = this.numberOf(offset);
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i]!;
        if (isRefusal(entry)) continue;
        const session = this.findOrMake(entry);
        ahead.add(entry, session);
        if (number > session.neededUntil) session.neededUntil = number;
        sessions.wake(session);
        if (needsLookup(session, entry) && !toLoad.has(session)) toLoad.set(session, sessionToLoad(session));
      }
    }
    const reach = toLoad.size === 0 ? null : this.reach(watermark);
    return reach === null ? null : { ...reach, sessions: [...toLoad.values()] };
  }

  /** Takes in what `prepare` asked for. A session of which nothing was found has to be named too. */
  admit(histories: readonly SessionHistory[]): void {
    const { sessions, pinned } = this;
    for (const { sessionId, debug, ended, openEventIds } of histories) {
      const session = sessions.findOrMake(sessionId, debug, false);
      const known = new Map(session.all().map((visit) => [visit.id, visit]));
      for (const [id, visit] of known) {
        const ids = openEventIds.get(id);
        if (ids !== undefined) visit.loadIds(ids);
      }
      for (const visit of ended) {
        // One that ended here since it was loaded may be found as ended: what is in memory is the newer.
        const here = known.get(visit.id);
        if (here === undefined) {
          if (!session.wasMergedAway(visit.id)) this.addLoaded(session, visit);
        } else if (visit.knowsIds) here.loadIds(visit.ids);
      }
      sessions.loaded(session);
      session.fullyLoaded = true;
      session.storedSummary = null;
      pinned.pin(session);
    }
  }

  /** Adds a visit that was loaded. Its size is unknown, so `largeBytes` will measure it. */
  addLoaded(session: Session<Visit>, visit: Visit): void {
    visit.moveTo(this.table);
    visit.mayBeLarge = true;
    this.sessions.insert(session, visit);
  }

  /** The session of an event. One that is made now has nothing in the store if no event was accepted yet. */
  findOrMake(event: TrackEvent): Session<Visit> {
    return this.sessions.findOrMakeFor(event, this.isStoreEmpty);
  }

  /**
   * Begins a filter of the sessions that have something in the store, where there is none: to be filled with the ids of
   * all sessions with ended visits within reach, from a reading that begins after this call, then put to use.
   * @returns null where there is one already.
   */
  beginFilter(watermark: number | null): FilterInMaking | null {
    const { sessions } = this;
    const reach = this.reach(watermark);
    if (sessions.filter !== null || reach === null) return null;
    const filling = new IdFilter();
    const id = new PackedId();
    // Sessions that leave memory meanwhile are added too: the reading may not see what was committed after it began.
    sessions.filling = filling;
    return {
      reach,
      add: (sessionId) => filling.add(id.set(sessionId)),
      use: () => {
        if (sessions.filling !== filling) return;
        sessions.filling = null;
        sessions.filter = filling;
      },
    };
  }

  /** The record's number, as `Session.neededUntil` counts records. */
  numberOf(offset: number): number {
    return offset - this.firstOffset;
  }

  /** Whether no event was accepted yet. */
  get isStoreEmpty(): boolean {
    return this.state.counts.started === 0;
  }

  /** Null where there is nothing to find. */
  private reach(watermark: number | null): HistoryReach | null {
    return this.isStoreEmpty ? null : this.amendable.reach(watermark);
  }

  /** Prefetches the sessions that the next records most likely belong to. */
  private prefetchSessions(records: readonly LogRecord<unknown>[], from: number): void {
    const { sessions } = this;
    const to = Math.min(from + PREFETCH_BATCH, records.length);
    let sum = 0;
    for (let r = from; r < to; r++) {
      const entry = records[r]!.entries[0]!;
      if (!isRefusal(entry)) sum ^= sessions.prefetch(entry);
    }
    prefetched(sum);
  }
}

/** Whether something of the session that is not in memory may matter to the event. */
export function needsLookup(session: Session<Visit>, event: TrackEvent): boolean {
  if (session.fullyLoaded) return false;
  return session.storedSummary === null || mayMatter(session.storedSummary, event.t, readEventId(event, eventId));
}

function sessionToLoad(session: Session<Visit>): SessionToLoad {
  const { sessionId, debug } = session;
  const open = session.all().filter((visit) => !visit.knowsIds);
  return { sessionId, debug, openVisitIds: open.map((visit) => visit.id) };
}

/** Reused. */
const eventId = new PackedId();
