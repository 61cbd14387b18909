import { AmendableVisits } from './amendable.ts';
import type { Changes, DeadReason, PartitionState } from './changes.ts';
import type { HistoryQuery, SessionHistory } from './history.ts';
import { setVisitId } from './ids.ts';
import { Ledger, type OnEmission } from './ledger.ts';
import { LookAhead } from './look-ahead.ts';
import { type FilterInMaking, LookUps, needsLookup } from './look-ups.ts';
import { findDuplicate } from './memory/duplicates.ts';
import { PackedId } from './memory/event-ids.ts';
import { absorb, applyEvents } from './memory/folding.ts';
import { IdFilter } from './memory/id-filter.ts';
import type { PendingEvents } from './memory/pending-events.ts';
import { type HintedEvent, readEventId } from './memory/read-event.ts';
import type { Session } from './memory/session.ts';
import { Sessions } from './memory/sessions.ts';
import { type IdleMemory, idleMemory } from './memory/stored-summaries.ts';
import { Visit } from './memory/visit.ts';
import { VisitTable } from './memory/visit-table.ts';
import { type Outcome, PlacedEvent } from './outcome.ts';
import { type InCommit, PinnedSessions } from './pinned-sessions.ts';
import { revisionOf } from './revision.ts';
import { amends, openedBefore, seals } from './rules/acceptance.ts';
import { arrivalOf, isFuture, isPastHorizon, isUnstamped, type Stamp, watermarkOf } from './rules/clocks.ts';
import { amendableUntil, decidedAt } from './rules/ending.ts';
import { type Entry, isRefusal, type LogRecord, type TrackEvent } from './rules/event.ts';
import { type Placement, place, type Refused } from './rules/placement.ts';
import type { Rules } from './rules/rules.ts';
import type { EndReason } from './rules/span.ts';
import { Timers } from './timers.ts';

/**
 * Events from which on they are applied to a visit's values before a commit needs it: a resend is looked for among those
 * that are not applied.
 */
const MANY_UNAPPLIED = 32;

/** The counter of each reason. */
const ENDED = {
  inactivity: 'endedInactivity',
  explicit: 'endedExplicit',
  max_duration: 'endedMaxDuration',
  max_events: 'endedMaxEvents',
} as const;

const LAST_STAMP = "the brokers' last stamp, its record having one that they did not make";

/**
 * The fold: one input partition's visits, clocks and changes, in the order of steps of docs/SEMANTICS.md. The steps
 * themselves are in rules/.
 *
 * Invariant: what it decides is a function of the records folded so far, in their order, alone. It knows no wall clock
 * and waits for nothing; the time that `endDue` is asked with decides only when an end is seen, never what it says.
 * If that did not hold, a replay would give other visits and other messages than the first run.
 *
 * Order of use, for each record: `prepare` and `admit` (for many records at once), then `fold`. `endDue` at any time
 * between records. `take` hands over the changes for one commit; `settle` says that it is done.
 */
export class Partition<Raw> {
  private readonly rules: Rules;
  private readonly source: { readonly topic: string; readonly partition: number };
  private readonly state: PartitionState;
  private readonly sessions: Sessions;
  private readonly timers: Timers;
  private readonly ledger: Ledger<Raw>;
  private readonly pendingEvents: PendingEvents;
  private readonly amendable: AmendableVisits;
  private readonly table: VisitTable;
  private readonly pinned: PinnedSessions;
  private readonly ahead: LookAhead;
  private readonly lookUps: LookUps;
  private readonly eventId = new PackedId();
  private readonly visitId = new PackedId();
  private open = 0;
  /** Follows from the event clock, and is reckoned when that moves: it is read far more often. */
  private currentWatermark: number | null = null;

  /**
   * @param open all open visits of the partition, as they were stored.
   * @param memory for sessions that have nothing open; none unless it is given.
   * @param onEmission takes each message as it arises; unless it is given they are among the changes that `take` hands over.
   */
  constructor(
    rules: Rules,
    source: { readonly topic: string; readonly partition: number },
    state: PartitionState,
    open: readonly Visit[],
    memory: IdleMemory = idleMemory(0),
    onEmission: OnEmission<Raw> | null = null,
  ) {
    this.rules = rules;
    this.source = source;
    this.state = { ...state, counts: { ...state.counts } };
    if (state.eventClock !== null) this.moveEventClock(state.eventClock);
    this.ledger = new Ledger(rules, onEmission);
    this.pendingEvents = this.ledger.pendingEvents;
    this.timers = new Timers(rules);
    this.amendable = new AmendableVisits(rules, state.amendable);
    this.table = open[0]?.table ?? new VisitTable();
    // Nothing is in the store before the first event is accepted: then all that is will be in the filter.
    const filter = state.counts.started === 0 ? new IdFilter() : null;
    this.sessions = new Sessions(rules, this.pendingEvents, memory, filter);
    this.pinned = new PinnedSessions(this.sessions);
    this.ahead = new LookAhead(this.pendingEvents);
    this.lookUps = new LookUps({
      ...{ state: this.state, sessions: this.sessions, ahead: this.ahead },
      ...{ pinned: this.pinned, amendable: this.amendable, table: this.table },
    });
    for (const visit of open) {
      const session = this.sessions.findOrMake(visit.sessionId, visit.debug, false);
      this.lookUps.addLoaded(session, visit);
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

  /** Records of visits, and refs, that are in use: for tests and tools. */
  get memoryInUse(): { readonly visits: number; readonly refs: number } {
    return { visits: this.table.size, refs: this.table.refs.size };
  }

  /** The visits in memory: for tests and tools. */
  *visits(): Iterable<Visit> {
    for (const session of this.sessions) {
      for (const visit of session.all()) {
        applyEvents(this.rules, visit, this.pendingEvents);
        yield visit;
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- history

  /**
   * Queues records that will be folded next, and keeps their sessions in memory until then.
   * @returns the sessions that have to be loaded first, to be given to `admit`; null if none.
   */
  prepare(records: readonly LogRecord<Raw>[]): HistoryQuery | null {
    return this.lookUps.prepare(records, this.watermark);
  }

  /** Takes in what `prepare` asked for. A session of which nothing was found has to be named too. */
  admit(histories: readonly SessionHistory[]): void {
    this.lookUps.admit(histories);
  }

  /** See `LookUps.beginFilter`. */
  beginFilter(): FilterInMaking | null {
    return this.lookUps.beginFilter(this.watermark);
  }

  // -------------------------------------------------------------------------------------------------------- ending

  /**
   * Ends visits that are due at a time, in order of due points, then of opening.
   *
   * @param clock ms: a time that the arrival clock has reached, or that the next record is known not to come before.
   *   The arrival clock itself does not move. null: as the arrival clock is.
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

  /** Whether `endDue` with this clock may end a visit. False is certain; to ask costs next to nothing. */
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
    this.publish(visit, visit.seal ?? 'inactivity', decidedAt(due, arrivalClock), until, null);
    if (due >= arrivalClock) this.state.anticipatedTo = Math.max(this.state.anticipatedTo ?? due, due);
    visit.ended = true;
    visit.endedWatermark = watermark;
    this.open -= 1;
    this.timers.cancel(visit);
    this.amendable.add(visit, until);
    this.change(visit);
  }

  private publish(visit: Visit, reason: EndReason, decidedAt: number, until: number, survivor: Visit | null): void {
    applyEvents(this.rules, visit, this.pendingEvents);
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
    // Step 1: visits that are now due end, and `R` rises.
    const arrival = this.arrivalOf(record);
    this.endDue(arrival);
    this.checkAnticipation(arrival ?? Number.NEGATIVE_INFINITY);
    this.raiseArrivalClock(record);
    const { entries } = record;
    // Most records hold one entry. An array literal: `push` on an empty array allocates 17 slots.
    const outcomes = [this.foldAt(record, 0)];
    for (let index = 1; index < entries.length; index++) {
      this.endDue();
      outcomes.push(this.foldAt(record, index));
    }
    state.nextOffset = record.offset + 1;
    state.counts.records += 1;
    return outcomes;
  }

  /** No record for the fold lies before this offset any more, only markers and aborted ones. */
  skipTo(offset: number): void {
    this.state.nextOffset = Math.max(this.state.nextOffset, offset);
  }

  /** See `arrivalOf` of the rules. */
  arrivalOf(record: Stamp): number | null {
    return arrivalOf(this.rules, record, this.state.arrivalClock);
  }

  /** `R` rises to the timestamp of a record that the broker stamped. */
  private raiseArrivalClock(record: Stamp): void {
    const { state } = this;
    if (isUnstamped(this.rules, record)) state.counts.unstamped += 1;
    else if (state.arrivalClock === null || record.timestamp > state.arrivalClock)
      state.arrivalClock = record.timestamp;
    else if (record.timestamp < state.arrivalClock) state.counts.clockRegressions += 1;
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
    // Step 2: a record that cannot be folded is set aside.
    if (isRefusal(entry)) return this.dead(record, index, entry.eventId, entry.refused, entry.error);
    const { rules, watermark } = this;
    const { t } = entry;
    const session = this.ahead.take(entry) ?? this.lookUps.findOrMake(entry);
    if (needsLookup(session, entry))
      throw new Error(`session of the record at offset ${record.offset} was not looked up`);
    // Even if the event is set aside below: the session was kept for it, and may leave memory now.
    this.pinned.pin(session);

    const arrival = this.arrivalOf(record);
    const ahead = t - (arrival ?? record.timestamp);
    if (isFuture(rules, ahead)) {
      const of = arrival === null || arrival === record.timestamp ? 'its record' : LAST_STAMP;
      const error = `the event's time is ${ahead} ms ahead of ${of}: correct the sender's clock, or send sent_at with each event`;
      return this.dead(record, index, entry.eventId, 'future', error);
    }
    if (watermark !== null && isPastHorizon(rules, t, watermark)) {
      return this.late(record, index, entry, null, `the event is ${watermark - t} ms behind the watermark`);
    }

    // Step 3: the event is placed among the session's visits.
    const id = readEventId(entry, this.eventId);
    const duplicate = findDuplicate(rules, session, id, this.pendingEvents, watermark);
    const placement = place(rules, session, entry, duplicate, watermark);
    switch (placement.kind) {
      case 'duplicate':
        return new PlacedEvent('duplicate', entry, placement.visit);
      case 'late': {
        const { visit } = placement;
        return this.late(record, index, entry, visit, `visit ${visit.id} can be amended no more`);
      }
      case 'full': {
        const error = `visit ${placement.visit.id} holds ${placement.visit.eventCount} events: it takes no more`;
        return this.dead(record, index, entry.eventId, 'visit_full', error);
      }
    }

    // Steps 4 to 6: a visit takes it.
    const visit = this.accept(record, index, entry, session, placement);
    if (!session.debug) this.ledger.setTraits(entry);

    // Step 7: `E` rises. Visits that are now due end with the next `endDue`.
    if (arrival !== null) this.raiseEventClock(Math.min(t, arrival));
    const kind = placement.kind === 'start' ? 'started' : placement.kind === 'join' ? 'joined' : 'merged';
    return new PlacedEvent(kind, entry, visit);
  }

  private raiseEventClock(to: number): void {
    if (this.state.eventClock === null || to > this.state.eventClock) this.moveEventClock(to);
  }

  private moveEventClock(to: number): void {
    this.state.eventClock = to;
    this.currentWatermark = watermarkOf(this.rules, to);
  }

  private accept(
    record: LogRecord<Raw>,
    index: number,
    event: TrackEvent,
    session: Session<Visit>,
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
      let isLate: boolean;
      if (placement.kind === 'merge') {
        const { before, after } = placement;
        isLate = amends(before, event.t, this.watermark) || amends(after, event.t, this.watermark);
        this.reopen(before);
        this.reopen(after);
        visit = this.merge(session, before, after);
      } else {
        visit = placement.visit;
        isLate = amends(visit, event.t, this.watermark);
        this.reopen(visit);
      }
      // Step 5.
      if (isLate) {
        visit.lateEventCount += 1;
        this.state.counts.amended += 1;
      }
      if (arrivalClock > visit.lastArrival) visit.lastArrival = arrivalClock;
      if (event.t > visit.lastArrival) visit.lastArrival = event.t;
    }
    this.record(visit, event);
    session.eventIds?.add(this.eventId);
    // Step 6.
    if (seals(this.rules, visit, event)) visit.seal = 'explicit';
    this.timers.schedule(visit);
    this.ledger.changed(visit);
    return visit;
  }

  /** Adds to the visit what has to be known of an event at once; it is applied to the values later. */
  private record(visit: Visit, event: HintedEvent): void {
    const { t } = event;
    if (t < visit.startedAt) visit.startedAt = t;
    if (t > visit.lastEventAt) visit.lastEventAt = t;
    visit.eventCount += 1;
    visit.addIdBits(this.eventId.maskBits);
    this.pendingEvents.add(visit, event, this.eventId);
    if (event.shared !== true) visit.mayBeLarge = true;
    if (event.shared !== true || this.pendingEvents.unapplied(visit) >= MANY_UNAPPLIED)
      applyEvents(this.rules, visit, this.pendingEvents);
  }

  private reopen(visit: Visit): void {
    if (!visit.ended) return;
    visit.ended = false;
    this.open += 1;
  }

  /** Step 4. The visit that was opened first in the log absorbs the other; what was published of the other is taken back. */
  private merge(session: Session<Visit>, before: Visit, after: Visit): Visit {
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
    applyEvents(this.rules, survivor, this.pendingEvents);
    applyEvents(this.rules, other, this.pendingEvents);
    absorb(survivor, other, this.pendingEvents);
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
    // The two common kinds have a branch of their own: `counts[kind]` is slower than the rest of this method.
    if (outcome.kind === 'joined') counts.joined += 1;
    else if (outcome.kind === 'started') counts.started += 1;
    else if (outcome.kind !== 'dead') counts[outcome.kind] += 1;
    else if (outcome.reason === 'visit_full') counts.visitFull += 1;
    else counts[outcome.reason] += 1;
  }

  // ------------------------------------------------------------------------------------------------------- commits

  /** All changes since the last call, for one commit, and what has to be given to `settle` when it is done. */
  take(): { readonly changes: Changes<Raw>; readonly inCommit: InCommit } {
    const inCommit = this.pinned.take();
    const { watermark } = this;
    if (watermark !== null) this.amendable.forgetFrozen(watermark);
    return { changes: this.ledger.take({ ...this.state, amendable: this.amendable.entries() }), inCommit };
  }

  /** The store has the commit: sessions with nothing open may leave memory. */
  settle(inCommit: InCommit): void {
    this.pinned.unpin(inCommit, this.watermark, this.lookUps.numberOf(this.state.nextOffset));
  }

  /** Gives back the memory that a large commit needed, where the store has all that was taken and nothing was folded since. */
  shrink(): void {
    if (this.pending === 0) this.pendingEvents.shrink();
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
    this.pinned.pin(visit.session);
  }
}
