import { isFrozen } from '../rules/ending.ts';
import type { TrackEvent } from '../rules/event.ts';
import type { Rules } from '../rules/rules.ts';
import { EventId, EventIds } from './event-ids.ts';
import { takeEvents } from './folding.ts';
import type { FreshEvents } from './fresh-events.ts';
import type { IdFilter } from './id-filter.ts';
import { type IdleMemory, PAST_IDS, type Past, PastSessions } from './past-sessions.ts';
import { prefetched } from './prefetch.ts';
import type { HintedEvent } from './read-event.ts';
import { Session } from './session.ts';
import { SessionIndex } from './session-index.ts';
import type { Visit } from './visit.ts';

/** Visits from which on a session has its event ids in one place: each is then found without asking all visits. */
const MANY_VISITS = 8;
/** What a session without anything open is reckoned at, in bytes: besides this, for each visit and for each event. */
const SESSION_BYTES = 300;
const VISIT_BYTES = 600;
const EVENT_BYTES = 32;
/** Sessions that are read ahead when they are about to leave. */
const EVICTION_BATCH = 64;

/**
 * The sessions in memory.
 *
 * Invariant: a session that is not here has nothing open, and all that it has is in the store. So what is not here may
 * be looked up there, and nothing is missed. A session leaves only when the commit that held its last change is done, and
 * when the records that it was looked up for are folded. It need not leave even then: what is here is what the store
 * has, so how long it stays decides nothing but how often the store is asked.
 */
export class Sessions {
  /** Denies sessions that have nothing in the store; null: it is not known which have. */
  filter: IdFilter | null;
  /** One that is being filled, to serve later. */
  filling: IdFilter | null = null;
  private readonly rules: Rules;
  private readonly fresh: FreshEvents;
  private readonly memory: IdleMemory;
  private readonly plain = new SessionIndex();
  private readonly debug = new Map<string, Session>();
  private readonly past: PastSessions;
  /** Those without debug events that were met last under each hint of events; some of them have left memory. */
  private hinted: (Session | null)[] = [];
  /** Sessions that may leave, in the order in which they came to that; one counts where its `evictionSlot` names the place. */
  private evictable: (Session | null)[] = [];
  private oldest = 0;
  private evictableBytes = 0;
  /** Of a session; reused. */
  private readonly id = new EventId();
  /** Place of the first of `idle`. */
  private firstSlot = 0;

  /** @param fresh where the events are that visits' values have not taken. */
  constructor(rules: Rules, fresh: FreshEvents, memory: IdleMemory, filter: IdFilter | null) {
    this.rules = rules;
    this.fresh = fresh;
    this.memory = memory;
    this.past = new PastSessions(memory);
    this.filter = filter;
  }

  isDebug(event: TrackEvent): boolean {
    return event.debug || this.rules.debugSessionIds.has(event.sessionId);
  }

  /** The session of an event. @param fullyLoaded as below. */
  of(event: HintedEvent, fullyLoaded: boolean): Session {
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

  /** Reads something of the session that an event most likely belongs to: for `prefetched`. */
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
  findOrMake(sessionId: string, debug: boolean, fullyLoaded: boolean): Session {
    return debug ? this.findOrMakeDebug(sessionId, fullyLoaded) : this.findOrMakePlain(sessionId, fullyLoaded);
  }

  private findOrMakePlain(sessionId: string, fullyLoaded: boolean): Session {
    const { id } = this;
    const found = this.plain.get(id.set(sessionId));
    if (found !== null) return found;
    const past = this.past.take(id);
    const session = this.plain.add(id, sessionId, past === null && (fullyLoaded || this.isDenied(id)));
    session.past = past;
    return session;
  }

  private findOrMakeDebug(sessionId: string, fullyLoaded: boolean): Session {
    let session = this.debug.get(sessionId);
    if (session === undefined) {
      session = new Session(sessionId, true, fullyLoaded || this.isDenied(this.id.set(sessionId)));
      this.debug.set(sessionId, session);
    }
    return session;
  }

  private isDenied(sessionId: EventId): boolean {
    return this.filter !== null && !this.filter.mayHave(sessionId);
  }

  /** Event ids of its visits were loaded. */
  loaded(session: Session): void {
    session.eventIds = session.count >= MANY_VISITS ? this.idsOf(session) : null;
  }

  /** @param visit without event ids yet, or to be followed by `loaded`. */
  insert(session: Session, visit: Visit): void {
    session.insert(visit);
    if (session.count >= MANY_VISITS) session.eventIds ??= this.idsOf(session);
  }

  /** The session is used again: it is not among those that may leave. */
  wake(session: Session): void {
    if (session.evictionSlot < 0) return;
    this.evictable[session.evictionSlot - this.firstSlot] = null;
    session.evictionSlot = -1;
    this.account(-bytesOf(session));
  }

  /**
   * Lets go of what no event can touch any more, and of sessions of which nothing is open or on its way.
   * @param next record, counted as `Session.neededUntil` is.
   */
  release(session: Session, watermark: number | null, next: number): void {
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
      if (isKept) visit.forgetIds();
      else visit.release();
      return isKept;
    });
    if (session.eventIds !== null && session.count < before) this.loaded(session);
  }

  *[Symbol.iterator](): Iterator<Session> {
    yield* this.plain.values();
    yield* this.debug.values();
  }

  /** Gives back the memory that it took its share of: nothing is asked of it afterwards. */
  close(): void {
    this.account(-this.evictableBytes);
    this.past.close();
  }

  // ------------------------------------------------------------------------------------------------------- leaving

  private makeEvictable(session: Session): void {
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
    if (session.count === 0 && session.past === null) return;
    const id = session.readId(this.id);
    if (!session.debug && (session.fullyLoaded || session.past !== null)) this.past.put(id, this.pastOf(session));
    for (let i = 0; i < session.count; i++) session.at(i).release();
    this.filter?.add(id);
    this.filling?.add(id);
  }

  /** Reads ahead those that leave next. */
  private prefetchOldest(): void {
    const { evictable, oldest } = this;
    const to = Math.min(oldest + EVICTION_BATCH, evictable.length);
    let sum = 0;
    for (let i = oldest; i < to; i++) {
      const session = evictable[i]!;
      if (session !== null && session.count > 0) sum ^= session.at(0).prefetch();
    }
    // Where what is needed of these lies is known only now.
    for (let i = oldest; i < to; i++) {
      const session = evictable[i]!;
      if (session === null || session.count === 0) continue;
      const id = session.readId(this.id);
      sum ^= session.at(0).prefetchStamps() ^ this.plain.prefetch(id) ^ this.past.prefetch(id);
    }
    prefetched(sum);
  }

  /** Of one that knows all that it has in the store: what of that is in memory, and what is not. Read it at once. */
  private pastOf(session: Session): Past {
    const { past } = session;
    const { ids } = leaving;
    if (past === null) ids.fill(0);
    else ids.set(past.ids);
    leaving.until = past === null ? Number.NEGATIVE_INFINITY : past.until;
    for (let i = 0; i < session.count; i++) {
      const visit = session.at(i);
      leaving.until = Math.max(leaving.until, visit.lastEventAt + this.rules.gap);
      visit.addIdsTo(ids);
    }
    return leaving;
  }

  private idsOf(session: Session): EventIds {
    const ids = new EventIds();
    for (const visit of session.all()) {
      if (!visit.knowsIds) continue;
      takeEvents(this.rules, visit, this.fresh);
      visit.ids.each((id) => ids.add(id));
    }
    return ids;
  }

  private account(bytes: number): void {
    this.evictableBytes += bytes;
    this.memory.usedBytes += bytes;
  }
}

/** Used again for each session that leaves. */
const leaving = { until: 0, ids: new Int32Array(PAST_IDS) };

/** Whether nothing of it is open. */
function isIdle(session: Session): boolean {
  for (let i = 0; i < session.count; i++) if (!session.at(i).ended) return false;
  return true;
}

/** Does not change while a session rests: nothing of it does. */
function bytesOf(session: Session): number {
  let bytes = SESSION_BYTES;
  for (let i = 0; i < session.count; i++) bytes += VISIT_BYTES + session.at(i).stampCount * EVENT_BYTES;
  return bytes;
}
