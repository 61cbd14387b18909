import { isFrozen } from '../rules/ending.ts';
import type { TrackEvent } from '../rules/event.ts';
import type { Rules } from '../rules/rules.ts';
import { EventIds, PackedId } from './event-ids.ts';
import { applyEvents } from './folding.ts';
import type { IdFilter } from './id-filter.ts';
import type { PendingEvents } from './pending-events.ts';
import { prefetched } from './prefetch.ts';
import type { HintedEvent } from './read-event.ts';
import { Session } from './session.ts';
import { SessionIndex } from './session-index.ts';
import { type IdleMemory, StoredSummaries, type StoredSummary, SUMMARY_WORDS } from './stored-summaries.ts';
import type { Visit } from './visit.ts';

/** Visits from which on a session has one set of its event ids: an id is then found without asking each visit. */
const MANY_VISITS = 8;
/** The estimate of a session without an open visit, in bytes: the session itself, each visit, and each event. */
const SESSION_BYTES = 300;
const VISIT_BYTES = 600;
const EVENT_BYTES = 32;
/** Sessions that are prefetched when they are about to leave. */
const EVICTION_BATCH = 64;

/**
 * The sessions in memory.
 *
 * Invariant: a session that is not here has nothing open, and all that it has is in the store. So what is not here may
 * be looked up there, and nothing is missed. A session leaves only when the commit with its last change is done, and
 * when the records that it was looked up for are folded. It may stay even then: memory agrees with the store, so how
 * long a session stays decides only how often the store is asked.
 */
export class Sessions {
  /** Denies sessions that have nothing in the store; null: it is not known yet which have something. */
  filter: IdFilter | null;
  /** A filter that is being filled, to take the place of `filter` later. */
  filling: IdFilter | null = null;
  private readonly rules: Rules;
  private readonly pendingEvents: PendingEvents;
  private readonly memory: IdleMemory;
  private readonly plain = new SessionIndex();
  private readonly debug = new Map<string, Session<Visit>>();
  private readonly summaries: StoredSummaries;
  /** By `sessionHint`: the session that it last belonged to, debug ones apart. Some of them have left memory. */
  private hinted: (Session<Visit> | null)[] = [];
  /** Eviction queue, oldest first. An entry is valid only while `session.evictionSlot` is its slot. */
  private evictable: (Session<Visit> | null)[] = [];
  private oldest = 0;
  private evictableBytes = 0;
  /** A session's id; reused. */
  private readonly id = new PackedId();
  /** Slot of the first in `evictable`. */
  private firstSlot = 0;

  /** @param pendingEvents holds the events that are not applied to their visits' values. */
  constructor(rules: Rules, pendingEvents: PendingEvents, memory: IdleMemory, filter: IdFilter | null) {
    this.rules = rules;
    this.pendingEvents = pendingEvents;
    this.memory = memory;
    this.summaries = new StoredSummaries(memory);
    this.filter = filter;
  }

  isDebug(event: TrackEvent): boolean {
    return event.debug || this.rules.debugSessionIds.has(event.sessionId);
  }

  /** The session of an event, made where it is not in memory. @param fullyLoaded as below. */
  findOrMakeFor(event: HintedEvent, fullyLoaded: boolean): Session<Visit> {
    const { sessionId, sessionHint = -1 } = event;
    if (sessionHint >= 0 && sessionHint < this.hinted.length) {
      const session = this.hinted[sessionHint]!;
      if (session !== null && !session.evicted && !event.debug && session.hasId(sessionId)) return session;
    }
    const session = this.findOrMake(sessionId, this.isDebug(event), fullyLoaded);
    if (sessionHint >= 0 && !session.debug) {
      if (sessionHint >= this.hinted.length) this.makeRoom(sessionHint);
      this.hinted[sessionHint] = session;
    }
    return session;
  }

  /** Prefetches the session that an event most likely belongs to. */
  prefetch({ sessionHint = -1 }: HintedEvent): number {
    if (sessionHint < 0 || sessionHint >= this.hinted.length) return 0;
    const session = this.hinted[sessionHint]!;
    return session === null ? 0 : session.prefetch();
  }

  private makeRoom(hint: number): void {
    const { hinted } = this;
    this.hinted = Array.from({ length: Math.max(64, (hint + 1) * 2) }, (_, i) => hinted[i] ?? null);
  }

  /** @param fullyLoaded whether a session that is made now is known to have nothing in the store. */
  findOrMake(sessionId: string, debug: boolean, fullyLoaded: boolean): Session<Visit> {
    return debug ? this.findOrMakeDebug(sessionId, fullyLoaded) : this.findOrMakePlain(sessionId, fullyLoaded);
  }

  private findOrMakePlain(sessionId: string, fullyLoaded: boolean): Session<Visit> {
    const { id } = this;
    const found = this.plain.get(id.set(sessionId));
    if (found !== null) return found;
    const summary = this.summaries.take(id);
    const session = this.plain.add(id, sessionId, summary === null && (fullyLoaded || this.isDenied(id)));
    session.storedSummary = summary;
    return session;
  }

  private findOrMakeDebug(sessionId: string, fullyLoaded: boolean): Session<Visit> {
    let session = this.debug.get(sessionId);
    if (session === undefined) {
      session = new Session<Visit>(sessionId, true, fullyLoaded || this.isDenied(this.id.set(sessionId)));
      this.debug.set(sessionId, session);
    }
    return session;
  }

  private isDenied(sessionId: PackedId): boolean {
    return this.filter !== null && !this.filter.mayHave(sessionId);
  }

  /** To be called when event ids of the session's visits were loaded, or visits of it were dropped. */
  loaded(session: Session<Visit>): void {
    session.eventIds = session.count >= MANY_VISITS ? this.idsOf(session) : null;
  }

  /** @param visit without event ids yet, or to be followed by `loaded`. */
  insert(session: Session<Visit>, visit: Visit): void {
    session.insert(visit);
    if (session.count >= MANY_VISITS) session.eventIds ??= this.idsOf(session);
  }

  /** The session is used again: it leaves the eviction queue. */
  wake(session: Session<Visit>): void {
    if (session.evictionSlot < 0) return;
    this.evictable[session.evictionSlot - this.firstSlot] = null;
    session.evictionSlot = -1;
    this.account(-bytesOf(session));
  }

  /**
   * Drops what no event can touch any more, and makes a session evictable that has nothing open or on its way to the store.
   * @param next record, counted as `Session.neededUntil` is.
   */
  release(session: Session<Visit>, watermark: number | null, next: number): void {
    if (session.isPinned || session.neededUntil >= next) return;
    if (isIdle(session)) {
      this.makeEvictable(session);
      return;
    }
    session.dropText();
    if (watermark === null) return;
    const oldest = watermark - this.rules.maxAge - this.rules.gap;
    const before = session.count;
    if (before === 1) return;
    session.retain((visit) => {
      if (!isFrozen(this.rules, visit, watermark)) return true;
      const isKept = visit.lastEventAt >= oldest;
      if (isKept) visit.dropIds();
      else visit.release();
      return isKept;
    });
    if (session.eventIds !== null && session.count < before) this.loaded(session);
  }

  *[Symbol.iterator](): Iterator<Session<Visit>> {
    yield* this.plain.values();
    yield* this.debug.values();
  }

  /** Gives back its share of the memory that partitions share; it must not be used afterwards. */
  close(): void {
    this.account(-this.evictableBytes);
    this.summaries.close();
  }

  // ------------------------------------------------------------------------------------------------------- leaving

  private makeEvictable(session: Session<Visit>): void {
    session.evictionSlot = this.firstSlot + this.evictable.length;
    this.evictable.push(session);
    this.account(bytesOf(session));
    const { memory } = this;
    while (memory.usedBytes > memory.maxBytes && this.evictableBytes > 0) this.evictOldest();
    if (this.oldest > 1_024 && this.oldest * 2 > this.evictable.length) {
      this.evictable = this.evictable.slice(this.oldest);
      this.firstSlot += this.oldest;
      this.oldest = 0;
    }
  }

  private evictOldest(): void {
    if (this.oldest % EVICTION_BATCH === 0) this.prefetchOldest();
    const session = this.evictable[this.oldest++]!;
    if (session === null) return;
    session.evictionSlot = -1;
    session.evicted = true;
    this.account(-bytesOf(session));
    if (session.debug) this.debug.delete(session.sessionId);
    else this.plain.delete(session);
    if (session.count === 0 && session.storedSummary === null) return;
    const id = session.readId(this.id);
    if (!session.debug && (session.fullyLoaded || session.storedSummary !== null))
      this.summaries.put(id, this.summaryOf(session));
    for (let i = 0; i < session.count; i++) session.at(i).release();
    this.filter?.add(id);
    this.filling?.add(id);
  }

  /** Prefetches the sessions that leave next. */
  private prefetchOldest(): void {
    const { evictable, oldest } = this;
    const to = Math.min(oldest + EVICTION_BATCH, evictable.length);
    let sum = 0;
    for (let i = oldest; i < to; i++) {
      const session = evictable[i]!;
      if (session !== null && session.count > 0) sum ^= session.at(0).prefetch();
    }
    // Where their references and index entries lie is known only now.
    for (let i = oldest; i < to; i++) {
      const session = evictable[i]!;
      if (session === null || session.count === 0) continue;
      const id = session.readId(this.id);
      sum ^= session.at(0).prefetchRefs() ^ this.plain.prefetch(id) ^ this.summaries.prefetch(id);
    }
    prefetched(sum);
  }

  /**
   * Sums up all that a session has in the store, be it in memory or not. @param session knows all of that.
   * @returns valid until the next call.
   */
  private summaryOf(session: Session<Visit>): StoredSummary {
    const { storedSummary } = session;
    const { ids } = leaving;
    if (storedSummary === null) ids.fill(0);
    else ids.set(storedSummary.ids);
    leaving.until = storedSummary === null ? Number.NEGATIVE_INFINITY : storedSummary.until;
    for (let i = 0; i < session.count; i++) {
      const visit = session.at(i);
      leaving.until = Math.max(leaving.until, visit.lastEventAt + this.rules.gap);
      visit.addIdsTo(ids);
    }
    return leaving;
  }

  private idsOf(session: Session<Visit>): EventIds {
    const ids = new EventIds();
    for (const visit of session.all()) {
      if (!visit.knowsIds) continue;
      applyEvents(this.rules, visit, this.pendingEvents);
      visit.ids.each((id) => ids.add(id));
    }
    return ids;
  }

  private account(bytes: number): void {
    this.evictableBytes += bytes;
    this.memory.usedBytes += bytes;
  }
}

/** Reused: see `summaryOf`. */
const leaving = { until: 0, ids: new Int32Array(SUMMARY_WORDS) };

/** Whether no visit of the session is open. */
function isIdle(session: Session<Visit>): boolean {
  for (let i = 0; i < session.count; i++) if (!session.at(i).ended) return false;
  return true;
}

/** The estimate of a session's memory. It does not change while the session is evictable: nothing of it does. */
function bytesOf(session: Session<Visit>): number {
  let bytes = SESSION_BYTES;
  for (let i = 0; i < session.count; i++) bytes += VISIT_BYTES + session.at(i).refCount * EVENT_BYTES;
  return bytes;
}
