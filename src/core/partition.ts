import { AmendableVisits } from './amendable.ts';
import type { Changes, DeadReason, PartitionState } from './changes.ts';
import { openedAt, setVisitId } from './ids.ts';
import { type Give, Ledger } from './ledger.ts';
import { findDuplicate } from './memory/duplicates.ts';
import { EventId, type EventIds } from './memory/event-ids.ts';
import { takeEvents, takeVisit } from './memory/folding.ts';
import type { FreshEvents } from './memory/fresh-events.ts';
import { openedBefore } from './memory/heap.ts';
import { IdFilter } from './memory/id-filter.ts';
import { type IdleMemory, idleMemory, mayMatter } from './memory/past-sessions.ts';
import { glanced } from './memory/prefetch.ts';
import { readEventId } from './memory/read-event.ts';
import type { Session } from './memory/session.ts';
import { Sessions } from './memory/sessions.ts';
import { Visit } from './memory/visit.ts';
import { VisitTable } from './memory/visit-table.ts';
import { revisionOf } from './revision.ts';
import { amendableUntil } from './rules/ending.ts';
import { type Entry, isRefusal, type LogRecord, type TrackEvent } from './rules/event.ts';
import { type Placement, place, type Refused } from './rules/placement.ts';
import type { Rules } from './rules/rules.ts';
import type { EndReason } from './rules/span.ts';
import { Timers } from './timers.ts';

/** What became of an event. Its visit may be asked until the next call of `settle`, which may let go of it. */
export type Outcome =
  | Placed
  | { readonly kind: 'late'; readonly eventId: string; readonly visit: Visit | null }
  | { readonly kind: 'dead'; readonly eventId: string | null; readonly reason: DeadReason; readonly error: string };

/** An event that is in a visit. */
class Placed {
  readonly kind: 'started' | 'joined' | 'merged' | 'duplicate';
  readonly visit: Visit;
  private readonly event: TrackEvent;

  constructor(kind: Placed['kind'], event: TrackEvent, visit: Visit) {
    this.kind = kind;
    this.visit = visit;
    this.event = event;
  }

  get eventId(): string {
    return this.event.eventId;
  }
}

/** A session whose ended visits, and the event ids of whose named open visits, have to be looked up. */
export interface Unknown {
  readonly sessionId: string;
  readonly debug: boolean;
  readonly openVisitIds: readonly string[];
}

/** Which ended visits an event may still touch: see `HistoryQuery` in the processor's ports. Times in ms. */
export interface Reach {
  readonly openedSince: number;
  readonly endedSince: number;
  readonly watermark: number;
}

/** Sessions to look up, and how far back. */
export interface Lookup extends Reach {
  readonly sessions: readonly Unknown[];
}

/** What was found of a session. */
export interface Found {
  readonly sessionId: string;
  readonly debug: boolean;
  /** Each knows its event ids, unless it is frozen. */
  readonly ended: readonly Visit[];
  readonly openEventIds: ReadonlyMap<string, EventIds>;
}

/** Sessions whose visits are read before the first of them is needed: what they touch fits into the second cache. */
const WARMED = 128;

/** Events from which on a visit's values take them before a commit needs it: a resend is looked for among them. */
const MANY_UNTAKEN = 32;

/** The counter of each reason. */
const ENDED = {
  inactivity: 'endedInactivity',
  explicit: 'endedExplicit',
  max_duration: 'endedMaxDuration',
  max_events: 'endedMaxEvents',
} as const;

/** What says when a record arrived. */
type Stamped = Pick<LogRecord<unknown>, 'timestamp' | 'stamped'>;

const LAST_STAMP = "the brokers' last stamp, its record having one that they did not make";

/** What a commit holds of the sessions: to be given back to `settle` once the store has it. */
export type Held = readonly Session[];

/**
 * The fold: one input partition's visits, clocks and changes.
 *
 * Invariant: what it decides is a function of the records folded so far, in their order, alone. It knows no wall clock
 * and waits for nothing; the time that `endDue` is asked with decides only when an end is seen, never what it says.
 * If that did not hold, a replay would give other visits and other messages than the first run.
 *
 * Order of use, for each record: `lookup` and `admit` (for many records at once), then `fold`. `endDue` at any time
 * between records. `take` hands over the changes for one commit; `settle` says that it is done.
 */
export class Partition<Raw> {
  private readonly rules: Rules;
  private readonly source: { readonly topic: string; readonly partition: number };
  private readonly state: PartitionState;
  private readonly sessions: Sessions;
  private readonly timers: Timers;
  private readonly ledger: Ledger<Raw>;
  private readonly fresh: FreshEvents;
  private readonly amendable: AmendableVisits;
  private readonly table: VisitTable;
  private readonly eventId = new EventId();
  private readonly visitId = new EventId();
  /** Records are counted from here where it is done for each session: small numbers take no memory of their own. */
  private readonly firstOffset: number;
  private touched: Session[] = [];
  private open = 0;
  /** Follows from the event clock: reckoned when that moves, for it is asked for far more often. */
  private currentWatermark: number | null = null;
  /** Events that were looked up, in the order in which they will be folded, from `aheadAt` on; and the session of each. */
  private aheadEvents: TrackEvent[] = [];
  private ahead: Session[] = [];
  private aheadAt = 0;
  /** Up to where their visits have been read, to have them in the cache. */
  private warmTo = 0;

  /**
   * @param open all open visits of the partition, as they were stored.
   * @param memory for sessions that have nothing open; none unless it is given.
   * @param give takes each message as it arises; unless it is given they are among the changes that `take` hands over.
   */
  constructor(
    rules: Rules,
    source: { readonly topic: string; readonly partition: number },
    state: PartitionState,
    open: readonly Visit[],
    memory: IdleMemory = idleMemory(0),
    give: Give<Raw> | null = null,
  ) {
    this.rules = rules;
    this.source = source;
    this.state = { ...state, counts: { ...state.counts } };
    this.firstOffset = state.nextOffset;
    if (state.eventClock !== null) this.moveEventClock(state.eventClock);
    this.ledger = new Ledger(rules, give);
    this.fresh = this.ledger.fresh;
    this.sessions = new Sessions(rules, this.fresh, memory, this.isNew ? new IdFilter() : null);
    this.timers = new Timers(rules);
    this.amendable = new AmendableVisits(state.amendable);
    this.table = open[0]?.table ?? new VisitTable();
    for (const visit of open) {
      const session = this.sessions.findOrMake(visit.sessionId, visit.debug, false);
      this.takeIn(session, visit);
      session.dropText();
      this.timers.schedule(visit);
      this.open += 1;
    }
  }

  get nextOffset(): number {
    return this.state.nextOffset;
  }

  /** `R`, ms; null before the first record that the broker stamped. */
  get arrivalClock(): number | null {
    return this.state.arrivalClock;
  }

  /** `W`, ms; null before the first event that is accepted once `R` is there. */
  get watermark(): number | null {
    return this.currentWatermark;
  }

  get openVisits(): number {
    return this.open;
  }

  get counts(): Readonly<PartitionState['counts']> {
    return this.state.counts;
  }

  /** Rows and messages that a commit taken now would write. */
  get pending(): number {
    return this.ledger.size;
  }

  /** Bytes, about, that large visits add to a commit taken now: see `largeBytes`. */
  get largeBytes(): number {
    return this.ledger.largeBytes;
  }

  /** Records of visits, and stamps, that are in use: for tests and tools. */
  get held(): { readonly visits: number; readonly stamps: number } {
    return { visits: this.table.size, stamps: this.table.stamps.size };
  }

  /** The visits in memory: for tests and tools. */
  *visits(): Iterable<Visit> {
    for (const session of this.sessions) {
      for (const visit of session.all()) {
        takeEvents(this.rules, visit, this.fresh);
        yield visit;
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- history

  /** The sessions of these records that have to be looked up before the records can be folded; null if none. */
  lookup(records: readonly LogRecord<Raw>[]): Lookup | null {
    const unknown = new Map<Session, Unknown>();
    this.keepAhead();
    for (let r = 0; r < records.length; r++) {
      if (r % WARMED === 0) this.warmSessions(records, r);
      const { entries, offset } = records[r]!;
      const number = offset - this.firstOffset;
      for (let i = 0; i < entries.length; i++) {
        const entry = entries[i]!;
        if (isRefusal(entry)) continue;
        const session = this.sessionOf(entry);
        this.ahead.push(session);
        this.aheadEvents.push(entry);
        if (number > session.awaited) session.awaited = number;
        this.sessions.wake(session);
        if (this.lacks(session, entry) && !unknown.has(session)) unknown.set(session, unknownOf(session));
      }
    }
    const reach = unknown.size === 0 ? null : this.reach;
    return reach === null ? null : { ...reach, sessions: [...unknown.values()] };
  }

  /** Reads ahead the sessions that the next records most likely belong to. */
  private warmSessions(records: readonly LogRecord<Raw>[], from: number): void {
    const to = Math.min(from + WARMED, records.length);
    let sum = 0;
    for (let r = from; r < to; r++) {
      const entry = records[r]!.entries[0]!;
      if (!isRefusal(entry)) sum ^= this.sessions.glance(entry);
    }
    glanced(sum);
  }

  private sessionOf(event: TrackEvent): Session {
    return this.sessions.of(event, this.isNew);
  }

  /** Whether something of the session that is not in memory may matter to the event. */
  private lacks(session: Session, event: TrackEvent): boolean {
    if (session.complete) return false;
    return session.past === null || mayMatter(session.past, event.t, readEventId(event, this.eventId));
  }

  /** Whether no event was accepted yet: then there is nothing in the store. */
  private get isNew(): boolean {
    return this.state.counts.started === 0;
  }

  /** Null where there is nothing to find. Before there is a watermark, all may be found. */
  private get reach(): Reach | null {
    if (this.isNew) return null;
    const watermark = this.watermark ?? Number.NEGATIVE_INFINITY;
    const { maxAge, gap } = this.rules;
    const endedSince = watermark - maxAge - gap;
    const openedSince = Math.min(endedSince - this.longestLead, this.amendable.since(watermark));
    return { openedSince, endedSince, watermark };
  }

  /**
   * How far a visit's last event may be behind the stamp of the record that opened it, ms, where the broker made that: a
   * visit's events span at most maxDuration, and none is further ahead of such a record than the tolerance.
   */
  private get longestLead(): number {
    return this.rules.maxDuration + this.rules.futureTolerance;
  }

  /**
   * Until which watermark an ended visit, amendable until `until`, has to be looked up by when it was opened. One that was
   * opened by an old stamp that the broker did not make matters, frozen, for as long as others of its time do.
   */
  private soughtUntil(visit: Visit, until: number): number {
    const { lastEventAt } = visit;
    if (openedAt(visit.readId(this.visitId)) >= lastEventAt - this.longestLead) return until;
    return Math.max(until, lastEventAt + this.rules.maxAge + this.rules.gap);
  }

  /** What `lookup` asked for. A session of which nothing was found has to be named too. */
  admit(found: readonly Found[]): void {
    for (const { sessionId, debug, ended, openEventIds } of found) {
      const session = this.sessions.findOrMake(sessionId, debug, false);
      const known = new Map(session.all().map((visit) => [visit.id, visit]));
      for (const [id, visit] of known) {
        const ids = openEventIds.get(id);
        if (ids !== undefined) visit.loadIds(ids);
      }
      for (const visit of ended) {
        // One that ended here since it was loaded may be found as ended: what is in memory is the newer.
        const here = known.get(visit.id);
        if (here === undefined) {
          if (!session.wasMergedAway(visit.id)) this.takeIn(session, visit);
        } else if (visit.knowsIds) here.loadIds(visit.ids);
      }
      this.sessions.loaded(session);
      session.complete = true;
      session.past = null;
      this.touch(session);
    }
  }

  /** A visit that was loaded. How large it is nobody has said. */
  private takeIn(session: Session, visit: Visit): void {
    visit.moveTo(this.table);
    visit.mayBeLarge = true;
    this.sessions.insert(session, visit);
  }

  /**
   * Begins a filter of the sessions that have something in the store, where there is none: to be filled with the ids of
   * all sessions with ended visits within reach, from a reading that begins after this call, then put to use.
   * @returns null where there is one already.
   */
  beginFilter(): { readonly reach: Reach; readonly add: (sessionId: string) => void; readonly use: () => void } | null {
    const { reach, sessions } = this;
    if (sessions.filter !== null || reach === null) return null;
    const filling = new IdFilter();
    const id = new EventId();
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

  // -------------------------------------------------------------------------------------------------------- ending

  /**
   * Ends visits that are due at a time, in order of due points, then of opening.
   *
   * @param clock ms: a time that the arrival clock has reached, or that the next record is known not to come before.
   *   The arrival clock itself does not move. null: the arrival clock.
   * @param limit how many at most. Whether all end at once or over several commits changes nothing.
   * @returns how many ended: fewer than `limit` when none is left.
   */
  endDue(clock: number | null = null, limit = Number.POSITIVE_INFINITY): number {
    const arrivalClock = this.state.arrivalClock ?? Number.NEGATIVE_INFINITY;
    const now = Math.max(arrivalClock, clock ?? arrivalClock);
    if (!this.timers.mayHaveDue(now, this.watermark)) return 0;
    for (let ended = 0; ended < limit; ended++) {
      const next = this.timers.next(now, this.watermark);
      if (next === null) return ended;
      this.end(next.visit, next.due, arrivalClock);
    }
    return limit;
  }

  /** Whether `endDue` with this clock may end a visit: false is certain, and costs next to nothing. */
  mayEnd(clock: number): boolean {
    return this.timers.mayHaveDue(clock, this.watermark);
  }

  /** The earliest time, in ms, at which a visit may be due; Infinity if none is open. */
  get nextDue(): number {
    return this.timers.nextKey;
  }

  private end(visit: Visit, due: number, arrivalClock: number): void {
    const { watermark } = this;
    const until = amendableUntil(this.rules, visit, watermark);
    // The first reading of the arrival clock that is past the due point: the same whether the next record brought it
    // or the wall clock stood in for that record.
    this.publish(visit, visit.seal ?? 'inactivity', Math.max(arrivalClock, due + 1), until, null);
    if (due >= arrivalClock) this.state.anticipatedTo = Math.max(this.state.anticipatedTo ?? due, due);
    visit.ended = true;
    visit.endedWatermark = watermark;
    this.open -= 1;
    this.timers.cancel(visit);
    this.amendable.add(visit, this.soughtUntil(visit, until));
    this.change(visit);
  }

  private publish(visit: Visit, reason: EndReason, decidedAt: number, until: number, survivor: Visit | null): void {
    takeEvents(this.rules, visit, this.fresh);
    const message = revisionOf(visit, {
      reason,
      decidedAt,
      amendableUntil: until,
      mergedInto: survivor?.id ?? null,
    });
    this.ledger.published(visit, message);
    this.state.counts.published += 1;
    if (survivor === null) this.state.counts[ENDED[reason]] += 1;
    else this.state.counts.retracted += 1;
    if (!visit.debug || this.rules.outputDebug) {
      this.ledger.emit({ kind: 'output', sequence: this.state.sequence++, message });
    }
    visit.reason = reason;
    visit.published += 1;
  }

  // ------------------------------------------------------------------------------------------------------- folding

  /**
   * Folds one record. Visits that its last event makes due end with the next `endDue` or `fold`: which of the two comes
   * first, and whether a commit lies between, changes nothing.
   *
   * @returns what became of each of its events, in order.
   * @throws if the record is not the next one, or a session was not looked up: a mistake of the caller.
   */
  fold(record: LogRecord<Raw>): Outcome[] {
    const { state } = this;
    if (record.offset < state.nextOffset) {
      throw new Error(`record ${record.offset} was folded before: the next offset is ${state.nextOffset}`);
    }
    const arrival = this.arrivalOf(record);
    this.endDue(arrival);
    this.checkAnticipation(arrival ?? Number.NEGATIVE_INFINITY);
    if (this.isUnstamped(record)) state.counts.unstamped += 1;
    else if (state.arrivalClock === null || record.timestamp > state.arrivalClock)
      state.arrivalClock = record.timestamp;
    else if (record.timestamp < state.arrivalClock) state.counts.clockRegressions += 1;
    const { entries } = record;
    // Most records hold one: an array that is filled one by one gets room for seventeen.
    const outcomes = [this.foldAt(record, 0)];
    for (let index = 1; index < entries.length; index++) {
      this.endDue();
      outcomes.push(this.foldAt(record, index));
    }
    state.nextOffset = record.offset + 1;
    state.counts.records += 1;
    return outcomes;
  }

  /** Nothing that concerns the fold lies before this offset any more: markers and aborted records do not count. */
  skipTo(offset: number): void {
    this.state.nextOffset = Math.max(this.state.nextOffset, offset);
  }

  /**
   * What the rules compare with as a record's timestamp, ms: of one that the broker did not stamp, though it is to, the
   * arrival clock; null: that is not there yet.
   */
  arrivalOf(record: Stamped): number | null {
    return this.isUnstamped(record) ? this.state.arrivalClock : record.timestamp;
  }

  private isUnstamped(record: Stamped): boolean {
    return record.stamped === false && this.rules.appendTime;
  }

  private checkAnticipation(arrival: number): void {
    const { anticipatedTo } = this.state;
    if (anticipatedTo === null) return;
    if (arrival <= anticipatedTo) this.state.counts.anticipationsWrong += 1;
    this.state.anticipatedTo = null;
  }

  private foldAt(record: LogRecord<Raw>, index: number): Outcome {
    const outcome = this.foldEntry(record, record.entries[index]!, index);
    this.count(outcome);
    return outcome;
  }

  private foldEntry(record: LogRecord<Raw>, entry: Entry, index: number): Outcome {
    if (isRefusal(entry)) return this.dead(record, index, entry.eventId, entry.refused, entry.error);
    const { watermark } = this;
    const { t } = entry;
    const session = this.nextAhead(entry);
    if (this.lacks(session, entry))
      throw new Error(`session of the record at offset ${record.offset} was not looked up`);
    // Even if the event is set aside below: the session was kept for it, and may leave memory now.
    this.touch(session);

    const arrival = this.arrivalOf(record);
    const ahead = t - (arrival ?? record.timestamp);
    if (ahead > this.rules.futureTolerance) {
      const of = arrival === null || arrival === record.timestamp ? 'its record' : LAST_STAMP;
      const error = `the event's time is ${ahead} ms ahead of ${of}: correct the sender's clock, or send sent_at with each event`;
      return this.dead(record, index, entry.eventId, 'future', error);
    }
    if (watermark !== null && t < watermark - this.rules.maxAge) {
      return this.late(record, index, entry, null, `the event is ${watermark - t} ms behind the watermark`);
    }
    const id = readEventId(entry, this.eventId);
    const duplicate = findDuplicate(this.rules, session, id, this.fresh, watermark);
    const placement = place(this.rules, session, entry, duplicate, watermark);
    switch (placement.kind) {
      case 'duplicate':
        return new Placed('duplicate', entry, placement.visit);
      case 'late': {
        const { visit } = placement;
        return this.late(record, index, entry, visit, `visit ${visit.id} can be amended no more`);
      }
      case 'full': {
        const error = `visit ${placement.visit.id} holds ${placement.visit.eventCount} events: it takes no more`;
        return this.dead(record, index, entry.eventId, 'visit_full', error);
      }
    }
    const visit = this.accept(record, index, entry, session, placement);
    if (!session.debug) this.ledger.setTraits(entry);
    if (arrival !== null) {
      const reached = Math.min(t, arrival);
      if (this.state.eventClock === null || reached > this.state.eventClock) this.moveEventClock(reached);
    }
    const kind = placement.kind === 'start' ? 'started' : placement.kind === 'join' ? 'joined' : 'merged';
    return new Placed(kind, entry, visit);
  }

  private moveEventClock(to: number): void {
    this.state.eventClock = to;
    this.currentWatermark = to - this.rules.outOfOrderness;
  }

  /** Reads ahead the visits that the next events most likely belong to. */
  private warm(): void {
    const { ahead } = this;
    this.warmTo = Math.min(this.aheadAt + WARMED, ahead.length);
    let sum = 0;
    for (let i = this.aheadAt; i < this.warmTo; i++) {
      const session = ahead[i]!;
      const { count } = session;
      if (count === 0) continue;
      const visit = session.at(count - 1);
      sum ^= visit.glance() ^ this.fresh.glanceLast(visit);
    }
    glanced(sum);
  }

  /** Of what was looked up, keeps what was not folded. */
  private keepAhead(): void {
    this.ahead = this.ahead.slice(this.aheadAt);
    this.aheadEvents = this.aheadEvents.slice(this.aheadAt);
    this.aheadAt = 0;
    this.warmTo = 0;
  }

  /** The session of an event: as a rule the next that was looked up, which spares a search. */
  private nextAhead(event: TrackEvent): Session {
    if (this.aheadAt >= this.warmTo) this.warm();
    // The same object: what it says need not be looked at.
    if (this.aheadEvents[this.aheadAt] !== event) return this.sessionOf(event);
    const session = this.ahead[this.aheadAt++]!;
    if (this.aheadAt === this.ahead.length) this.keepAhead();
    return session;
  }

  private accept(
    record: LogRecord<Raw>,
    index: number,
    event: TrackEvent,
    session: Session,
    placement: Extract<Placement<Visit>, { kind: 'start' | 'join' | 'merge' }>,
  ): Visit {
    const arrivalClock = this.state.arrivalClock ?? Number.NEGATIVE_INFINITY;
    if (placement.kind !== 'merge' && placement.refused !== null) this.refuse(placement.refused);

    let visit: Visit;
    if (placement.kind === 'start') {
      const { topic, partition } = this.source;
      const { visitId } = this;
      setVisitId(visitId, record.timestamp, event.sessionId, topic, partition, record.offset, index);
      const arrived = Math.max(arrivalClock, event.t);
      visit = new Visit(visitId, session, record.offset, index, event.t, event.t, arrived, this.table);
      visit.knowsIds = true;
      visit.seal = placement.seal;
      this.open += 1;
      this.sessions.insert(session, visit);
    } else {
      let amends: boolean;
      if (placement.kind === 'merge') {
        const { before, after } = placement;
        amends = this.isAmendedBy(event, before) || this.isAmendedBy(event, after);
        this.reopen(before);
        this.reopen(after);
        visit = this.merge(session, before, after);
      } else {
        visit = placement.visit;
        amends = this.isAmendedBy(event, visit);
        this.reopen(visit);
      }
      if (amends) {
        visit.lateEventCount += 1;
        this.state.counts.amended += 1;
      }
      if (arrivalClock > visit.lastArrival) visit.lastArrival = arrivalClock;
      if (event.t > visit.lastArrival) visit.lastArrival = event.t;
    }
    this.hold(visit, event);
    session.eventIds?.add(this.eventId);
    if (visit.seal === null && event.t === visit.lastEventAt && this.rules.endingTypes.has(event.type)) {
      visit.seal = 'explicit';
    }
    this.timers.schedule(visit);
    this.ledger.changed(visit);
    return visit;
  }

  /** What has to be known of an event at once; its visit's values take it later. */
  private hold(visit: Visit, event: TrackEvent): void {
    const { t } = event;
    if (t < visit.startedAt) visit.startedAt = t;
    if (t > visit.lastEventAt) visit.lastEventAt = t;
    visit.eventCount += 1;
    visit.addIdBits(this.eventId.bits);
    this.fresh.add(visit, event, this.eventId);
    if (event.shared !== true) visit.mayBeLarge = true;
    if (event.shared !== true || this.fresh.untaken(visit) >= MANY_UNTAKEN) takeEvents(this.rules, visit, this.fresh);
  }

  private isAmendedBy(event: TrackEvent, visit: Visit): boolean {
    const { watermark } = this;
    return visit.ended || (visit.published > 0 && watermark !== null && event.t < watermark);
  }

  private reopen(visit: Visit): void {
    if (!visit.ended) return;
    visit.ended = false;
    this.open += 1;
  }

  /** The visit opened first in the log takes the other's events; what was published of the other is taken back. */
  private merge(session: Session, before: Visit, after: Visit): Visit {
    const survivor = openedBefore(before, after) ? before : after;
    const other = survivor === before ? after : before;
    if (other.published > 0) {
      const until = amendableUntil(this.rules, other, this.watermark);
      this.publish(other, other.reason!, this.state.arrivalClock ?? other.lastArrival, until, survivor);
    }
    const { seal } = after;
    session.remove(other);
    session.mergeAway(other.id);
    this.timers.cancel(other);
    this.open -= 1;
    takeEvents(this.rules, survivor, this.fresh);
    takeEvents(this.rules, other, this.fresh);
    takeVisit(survivor, other, this.fresh);
    survivor.seal = seal;
    this.ledger.mergedAway(other, survivor);
    other.release();
    return survivor;
  }

  /** A cap refused to put more behind this visit. If it is ended, the seal shows when it next ends. */
  private refuse({ visit, seal }: Refused<Visit>): void {
    if (visit.seal !== null) return;
    visit.seal = seal;
    if (!visit.ended) this.timers.schedule(visit);
    this.change(visit);
  }

  private dead(
    record: LogRecord<Raw>,
    index: number,
    eventId: string | null,
    reason: DeadReason,
    error: string,
  ): Outcome {
    this.ledger.emit({ kind: 'dead-letter', reason, error, ...this.setAside(record, index) });
    return { kind: 'dead', eventId, reason, error };
  }

  private late(record: LogRecord<Raw>, index: number, event: TrackEvent, visit: Visit | null, error: string): Outcome {
    this.ledger.emit({ kind: 'late', error, visitId: visit?.id ?? null, ...this.setAside(record, index) });
    return { kind: 'late', eventId: event.eventId, visit };
  }

  private setAside(record: LogRecord<Raw>, index: number) {
    const { offset, timestamp, raw } = record;
    return { sequence: this.state.sequence++, offset, timestamp, index, raw };
  }

  private count(outcome: Outcome): void {
    const { counts } = this.state;
    counts.events += 1;
    // Most events, told by name: looked up by what `kind` says, each takes longer than all else that is counted.
    if (outcome.kind === 'joined') counts.joined += 1;
    else if (outcome.kind === 'started') counts.started += 1;
    else if (outcome.kind !== 'dead') counts[outcome.kind] += 1;
    else if (outcome.reason === 'visit_full') counts.visitFull += 1;
    else counts[outcome.reason] += 1;
  }

  // ------------------------------------------------------------------------------------------------------- commits

  /** All changes since the last call, for one commit, and what has to be given to `settle` when it is done. */
  take(): { readonly changes: Changes<Raw>; readonly held: Held } {
    const held = this.touched;
    for (let i = 0; i < held.length; i++) {
      if (i % WARMED === 0) this.warmHeld(held, i);
      held[i]!.touched = false;
    }
    this.touched = [];
    const { watermark } = this;
    if (watermark !== null) this.amendable.since(watermark);
    return { changes: this.ledger.take({ ...this.state, amendable: this.amendable.entries() }), held };
  }

  /** The store has the commit: sessions with nothing open leave memory. */
  settle(held: Held): void {
    for (let i = 0; i < held.length; i++) {
      if (i % WARMED === 0) this.warmHeld(held, i);
      const session = held[i]!;
      session.unhold();
      this.sessions.forget(session, this.watermark, this.state.nextOffset - this.firstOffset);
    }
  }

  private warmHeld(held: Held, from: number): void {
    const to = Math.min(from + WARMED, held.length);
    let sum = 0;
    for (let i = from; i < to; i++) sum ^= held[i]!.glance();
    glanced(sum);
  }

  /** The store has all that was taken, and nothing was folded since: memory that a large commit needed is given back. */
  rest(): void {
    if (this.pending === 0) this.fresh.rest();
  }

  /** Gives back its share of the memory that partitions share: nothing is asked of it afterwards. */
  close(): void {
    this.sessions.close();
  }

  /** Until when an ended visit can be amended, ms: once the watermark is past this, it is frozen. */
  amendableUntil(visit: Visit): number {
    return amendableUntil(this.rules, visit, visit.endedWatermark);
  }

  private change(visit: Visit): void {
    this.ledger.changed(visit);
    this.touch(visit.session);
  }

  private touch(session: Session): void {
    if (session.touched) return;
    this.sessions.wake(session);
    session.touched = true;
    session.hold();
    this.touched.push(session);
  }
}

function unknownOf(session: Session): Unknown {
  const { sessionId, debug } = session;
  const open = session.all().filter((visit) => !visit.knowsIds);
  return { sessionId, debug, openVisitIds: open.map((visit) => visit.id) };
}
