/**
 * The semantics, as plainly as they can be written down: all visits of a partition in one list for ever, each with
 * all its events; every question is answered by looking at all of them. Slow, and that is its worth: there is no
 * index, no cache and no running sum that could be wrong. It is written from the text, not from the core; the two
 * share types and ids, and nothing else.
 */
import { type Counts, type DeadReason, type Emission, noCounts } from '../../src/core/changes.ts';
import { revisionId, visitId } from '../../src/core/ids.ts';
import { PackedId } from '../../src/core/memory/event-ids.ts';
import { isRefusal, type LogRecord, type TrackEvent } from '../../src/core/rules/event.ts';
import type { Rules } from '../../src/core/rules/rules.ts';
import type { EndReason, Seal } from '../../src/core/rules/span.ts';
import type { Revision, VisitEnded } from '../../src/core/rules/visit-ended.ts';
import { type ProfileView, profilesOf } from './profiles.ts';
import { cutTypes, endOf, lastArrivalOf, type ReferenceVisit, startOf, type VisitView, viewOf } from './visits.ts';

export interface Source {
  readonly topic: string;
  readonly partition: number;
}

/** A record of the log, or the time at which the partition was seen drained. */
export type Step<Raw> = { readonly record: LogRecord<Raw> } | { readonly now: number };

export type Fate = 'started' | 'joined' | 'merged' | 'duplicate' | 'late' | DeadReason;

export interface EventOutcome {
  readonly offset: number;
  readonly index: number;
  readonly eventId: string | null;
  readonly fate: Fate;
}

export interface Answer<Raw> {
  /** In order of opening; merged-away ones left out. */
  readonly visits: readonly VisitView[];
  readonly profiles: readonly ProfileView[];
  readonly published: readonly VisitEnded[];
  readonly emissions: readonly Emission<Raw>[];
  /** In the order in which they were made, debug visits' too. */
  readonly revisions: readonly Revision[];
  readonly outcomes: readonly EventOutcome[];
  readonly counts: Counts;
  /** `E` and `R`. */
  readonly eventClock: number | null;
  readonly arrivalClock: number | null;
  readonly anticipatedTo: number | null;
  readonly nextOffset: number;
  readonly sequence: number;
}

/** Where an event that is accepted goes: into a visit, between two that it merges, or into one of its own. */
type Place =
  | { readonly kind: 'join'; readonly visit: ReferenceVisit }
  | { readonly kind: 'merge'; readonly before: ReferenceVisit; readonly after: ReferenceVisit }
  | { readonly kind: 'start'; readonly seal: Seal | null };

export class Reference<Raw> {
  private readonly rules: Rules;
  private readonly source: Source;
  private visits: ReferenceVisit[] = [];
  private readonly accepted: TrackEvent[] = [];
  private readonly emissions: Emission<Raw>[] = [];
  private readonly revisions: Revision[] = [];
  private readonly outcomes: EventOutcome[] = [];
  private readonly counts = noCounts();
  private E: number | null = null;
  private R: number | null = null;
  private anticipatedTo: number | null = null;
  private nextOffset = 0;

  constructor(rules: Rules, source: Source) {
    this.rules = rules;
    this.source = source;
  }

  // ------------------------------------------------------------------------------------------------- what is asked

  step(step: Step<Raw>): void {
    if ('now' in step) this.anticipate(step.now);
    else this.record(step.record);
  }

  answer(): Answer<Raw> {
    const visits = this.visits
      .map((visit) => viewOf(visit, this.rules.pageViewTypes))
      .sort((a, b) => a.openedOffset - b.openedOffset || a.openedIndex - b.openedIndex);
    return {
      visits,
      profiles: profilesOf(
        visits,
        // "Debug events set none."
        this.accepted.filter((event) => !this.isDebug(event)),
      ),
      published: this.emissions.flatMap((emission) => (emission.kind === 'output' ? [emission.message] : [])),
      emissions: this.emissions,
      revisions: this.revisions,
      outcomes: this.outcomes,
      counts: this.counts,
      eventClock: this.E,
      arrivalClock: this.R,
      anticipatedTo: this.anticipatedTo,
      nextOffset: this.nextOffset,
      sequence: this.emissions.length,
    };
  }

  // ------------------------------------------------------------------------------------------- the words of the text

  /** `W`; before the first accepted event there is none, and nothing is frozen, behind it, or past the horizon. */
  private get W(): number | null {
    return this.E === null ? null : this.E - this.rules.outOfOrderness;
  }

  private behind(t: number): boolean {
    return this.W !== null && t < this.W;
  }

  /** The key under which visits meet is (session id, debug), debug by the event's flag or by the session id. */
  private isDebug(event: TrackEvent): boolean {
    return event.debug || this.rules.debugSessionIds.has(event.sessionId);
  }

  private isFrozen(visit: ReferenceVisit): boolean {
    if (!visit.ended || this.W === null) return false;
    const endedWatermark = visit.endedWatermark ?? Number.NEGATIVE_INFINITY;
    return this.W > Math.max(endOf(visit) + this.rules.gap, endedWatermark) + this.rules.allowedLateness;
  }

  private graceOf(visit: ReferenceVisit): number {
    const { arrivalGrace: A, gap: G } = this.rules;
    return Math.min(A * 2 ** visit.published, Math.max(G, A));
  }

  private dueOf(visit: ReferenceVisit): number {
    const g = visit.seal === null ? this.rules.gap : 0;
    const A = this.graceOf(visit);
    if (this.W !== null && this.W > endOf(visit) + g) return lastArrivalOf(visit) + A;
    return lastArrivalOf(visit) + g + this.rules.outOfOrderness + A;
  }

  /** "A record of a batch that the broker did not stamp", with `input.timestamps: append`. */
  private isUnstamped(record: LogRecord<Raw>): boolean {
    return this.rules.appendTime && record.stamped === false;
  }

  /** "Wherever the rules compare with its timestamp `R` stands in"; null: `R` is not there yet. */
  private timestampOf(record: LogRecord<Raw>): number | null {
    return this.isUnstamped(record) ? this.R : record.timestamp;
  }

  // ----------------------------------------------------------------------------------------------- a record, a moment

  private record(record: LogRecord<Raw>): void {
    this.counts.records++;
    this.nextOffset = record.offset + 1;
    if (this.isUnstamped(record)) this.counts.unstamped++;
    // An anticipation is proven right or wrong by the next record, whatever that record holds. With `R` in place of its
    // timestamp, or nothing at all, one that the broker did not stamp is past no due point.
    const compared = this.timestampOf(record) ?? Number.NEGATIVE_INFINITY;
    if (this.anticipatedTo !== null && compared <= this.anticipatedTo) this.counts.anticipationsWrong++;
    this.anticipatedTo = null;

    // Step 1. What ended between the record before and this one was decided at its own due point, so that an
    // anticipated end and the same end found out by the next record give the same bytes.
    const before = this.R;
    if (!this.isUnstamped(record)) {
      if (before !== null && record.timestamp < before) this.counts.clockRegressions++;
      this.R = this.R === null ? record.timestamp : Math.max(this.R, record.timestamp);
    }
    if (this.R !== null) this.endDue(this.R, before);

    record.entries.forEach((entry, index) => {
      this.counts.events++;
      const setAside = { offset: record.offset, timestamp: record.timestamp, index, raw: record.raw };
      const dead = (reason: DeadReason, error: string): Fate => {
        this.emissions.push({ kind: 'dead-letter', reason, error, sequence: this.emissions.length, ...setAside });
        return reason;
      };
      const late = (visit: ReferenceVisit | null): Fate => {
        const visitId = visit?.id ?? null;
        this.emissions.push({ kind: 'late', error: '', visitId, sequence: this.emissions.length, ...setAside });
        return 'late';
      };
      const fate = isRefusal(entry)
        ? dead(entry.refused, entry.error)
        : this.event(entry, record, index, (reason) => dead(reason, ''), late);
      this.counts[fate === 'visit_full' ? 'visitFull' : fate]++;
      this.outcomes.push({ offset: record.offset, index, eventId: entry.eventId, fate });
    });
  }

  /** `{now}`: asks what is due as if a record of that time had come. `R` does not move. */
  private anticipate(now: number): void {
    const R = this.R;
    for (const due of this.endDue(R === null ? now : Math.max(R, now), R)) {
      // One that lies before R would have been due without the anticipation: no record can prove it wrong.
      if (R === null || due >= R) this.anticipatedTo = Math.max(this.anticipatedTo ?? due, due);
    }
  }

  /** Ends every visit that is due before `clock`, in the order of due points, then of opening. @returns their dues. */
  private endDue(clock: number, before: number | null): number[] {
    const due = this.visits
      .filter((visit) => !visit.ended)
      .map((visit) => ({ visit, due: this.dueOf(visit) }))
      .filter((one) => clock > one.due)
      .sort(
        (a, b) =>
          a.due - b.due || a.visit.openedOffset - b.visit.openedOffset || a.visit.openedIndex - b.visit.openedIndex,
      );
    for (const one of due) {
      one.visit.ended = true;
      one.visit.reason = one.visit.seal ?? 'inactivity';
      one.visit.endedWatermark = this.W;
      this.publish(one.visit, one.visit.reason, Math.max(before ?? one.due + 1, one.due + 1), null);
    }
    return due.map((one) => one.due);
  }

  // ------------------------------------------------------------------------------------------------------- one event

  private event(
    event: TrackEvent,
    record: LogRecord<Raw>,
    index: number,
    dead: (reason: DeadReason) => Fate,
    late: (visit: ReferenceVisit | null) => Fate,
  ): Fate {
    // Step 2.
    if (event.t > (this.timestampOf(record) ?? record.timestamp) + this.rules.futureTolerance) return dead('future');
    if (this.W !== null && event.t < this.W - this.rules.maxAge) return late(null);

    // Step 3. Duplicates are looked for first, in every visit of the session that is not frozen, near or far.
    const session = this.visits.filter(
      (visit) => visit.sessionId === event.sessionId && visit.debug === this.isDebug(event),
    );
    const seen = session.some(
      (visit) => !this.isFrozen(visit) && visit.events.some((placed) => placed.event.eventId === event.eventId),
    );
    if (seen) return 'duplicate';

    const { spanning, before, after } = this.candidates(session, event);
    for (const visit of [spanning, before, after]) if (visit && this.isFrozen(visit)) return late(visit);
    if (spanning && spanning.events.length + 1 > 2 * this.rules.maxEvents) return dead('visit_full');

    const place: Place = spanning ? { kind: 'join', visit: spanning } : this.place(event, before, after);
    const visit = this.accept(event, place, record, index);

    // Step 6. Sealed once: a seal that is there stays.
    if (this.rules.endingTypes.has(event.type) && event.t === endOf(visit)) visit.seal ??= 'explicit';

    // Step 7. `min`, so that an event a little ahead moves the clock no further than its record. "Not at all before `R`
    // is there."
    const stamp = this.timestampOf(record);
    if (stamp !== null) {
      const clock = Math.min(event.t, stamp);
      this.E = this.E === null ? clock : Math.max(this.E, clock);
    }
    if (this.R !== null) this.endDue(this.R, this.R);
    return { start: 'started', join: 'joined', merge: 'merged' }[place.kind] as Fate;
  }

  private candidates(session: readonly ReferenceVisit[], event: TrackEvent) {
    const { gap: G, outOfOrderness: B } = this.rules;
    const t = event.t;
    // First and last event's times belong to the span.
    const spanning = session.find((visit) => startOf(visit) <= t && t <= endOf(visit));
    if (spanning) return { spanning, before: undefined, after: undefined };

    const earlier = session.filter((visit) => endOf(visit) < t).sort((a, b) => endOf(b) - endOf(a));
    const later = session.filter((visit) => startOf(visit) > t).sort((a, b) => startOf(a) - startOf(b));
    const nearestBefore = earlier[0];
    const nearestAfter = later[0];

    if (nearestBefore?.seal === 'explicit' && this.rules.endingTypes.has(event.type)) {
      const apart = t - endOf(nearestBefore);
      if (apart <= B && apart <= G) return { spanning, before: nearestBefore, after: undefined };
    }

    const openToLater =
      nearestBefore !== undefined &&
      (nearestBefore.seal === null || (nearestBefore.seal !== 'explicit' && nearestAfter !== undefined));
    const before = openToLater && t - endOf(nearestBefore) <= G ? nearestBefore : undefined;
    const after = nearestAfter !== undefined && startOf(nearestAfter) - t <= G ? nearestAfter : undefined;
    return { spanning, before, after };
  }

  /** Why these events together, and this one with them, would break a cap; null if they would not. */
  private refusal(t: number, ...visits: readonly ReferenceVisit[]): Seal | null {
    const from = Math.min(t, ...visits.map(startOf));
    const to = Math.max(t, ...visits.map(endOf));
    if (to - from > this.rules.maxDuration) return 'max_duration';
    const events = visits.reduce((sum, visit) => sum + visit.events.length, 1);
    return events > this.rules.maxEvents ? 'max_events' : null;
  }

  private place(event: TrackEvent, before: ReferenceVisit | undefined, after: ReferenceVisit | undefined): Place {
    if (before && after) {
      const together = this.refusal(event.t, before, after);
      if (together === null) return { kind: 'merge', before, after };
      // Between the two visits `before` is the earlier side. It takes the event all the same, if it can.
      before.seal ??= together;
    }
    if (before) {
      const refused = this.refusal(event.t, before);
      if (refused === null) return { kind: 'join', visit: before };
      // Between `before` and the event, `before` is the earlier side.
      before.seal ??= refused;
    }
    if (after) {
      const refused = this.refusal(event.t, after);
      if (refused === null) return { kind: 'join', visit: after };
      // Between the event and `after` the event is the earlier side: what it starts is sealed.
      return { kind: 'start', seal: refused };
    }
    return { kind: 'start', seal: null };
  }

  /** Steps 4 and 5. @returns the visit that holds the event now. */
  private accept(event: TrackEvent, place: Place, record: LogRecord<Raw>, index: number): ReferenceVisit {
    this.accepted.push(event);
    const touched = place.kind === 'join' ? [place.visit] : place.kind === 'merge' ? [place.before, place.after] : [];
    // Asked before anything changes, and of the watermark that the event met.
    const late = touched.some((visit) => visit.ended || (this.behind(event.t) && visit.published > 0));
    if (late) this.counts.amended++;

    const visit =
      place.kind === 'start'
        ? this.start(event, record, index, place.seal)
        : place.kind === 'join'
          ? place.visit
          : this.merge(place.before, place.after);
    visit.events.push({ event, arrival: this.R === null ? event.t : Math.max(this.R, event.t), late });
    visit.ended = false;
    return visit;
  }

  private start(event: TrackEvent, record: LogRecord<Raw>, index: number, seal: Seal | null): ReferenceVisit {
    const { topic, partition } = this.source;
    const visit: ReferenceVisit = {
      id: visitId(record.timestamp, event.sessionId, topic, partition, record.offset, index),
      sessionId: event.sessionId,
      debug: this.isDebug(event),
      openedOffset: record.offset,
      openedIndex: index,
      events: [],
      ended: false,
      published: 0,
      reason: null,
      seal,
      endedWatermark: null,
    };
    this.visits.push(visit);
    return visit;
  }

  private merge(before: ReferenceVisit, after: ReferenceVisit): ReferenceVisit {
    const [survivor, other] = [before, after].sort(
      (a, b) => a.openedOffset - b.openedOffset || a.openedIndex - b.openedIndex,
    ) as [ReferenceVisit, ReferenceVisit];
    if (other.published > 0) {
      this.counts.retracted++;
      this.publish(other, other.reason!, this.R ?? lastArrivalOf(other), survivor.id);
    }
    // "The merged visit is sealed if the later of the two was", later in time: a seal of the earlier one is undone.
    survivor.seal = after.seal;
    survivor.events.push(...other.events);
    this.visits = this.visits.filter((visit) => visit !== other);
    return survivor;
  }

  // ---------------------------------------------------------------------------------------------------- what is said

  private publish(visit: ReferenceVisit, reason: EndReason, decidedAt: number, mergedInto: string | null): void {
    const view = viewOf(visit, this.rules.pageViewTypes);
    const revision = visit.published;
    visit.published++;
    this.counts.published++;
    // A retraction ends nothing: what it takes back had ended before.
    if (mergedInto === null) {
      if (reason === 'inactivity') this.counts.endedInactivity++;
      if (reason === 'explicit') this.counts.endedExplicit++;
      if (reason === 'max_duration') this.counts.endedMaxDuration++;
      if (reason === 'max_events') this.counts.endedMaxEvents++;
    }
    const message: VisitEnded = {
      eventId: revisionId(new PackedId().set(visit.id), revision),
      visitId: visit.id,
      sessionId: visit.sessionId,
      profileId: view.profileId,
      sourceId: view.sourceId,
      revision,
      reason,
      retracted: mergedInto !== null,
      mergedInto,
      startedAt: view.startedAt,
      endedAt: view.lastEventAt,
      decidedAt,
      amendableUntil:
        Math.max(view.lastEventAt + this.rules.gap, this.W ?? Number.NEGATIVE_INFINITY) + this.rules.allowedLateness,
      eventCount: view.eventCount,
      pageViewCount: view.pageViewCount,
      lateEventCount: view.lateEventCount,
      eventTypes: cutTypes(view.types),
      entryPage: view.entryPage,
      exitPage: view.exitPage,
      referrer: view.referrer,
      utm: view.utm,
      named: view.named,
      debug: visit.debug,
      openedOffset: visit.openedOffset,
    };
    const { visitId, retracted, startedAt, endedAt, eventCount } = message;
    this.revisions.push({
      visitId,
      revision,
      reason,
      retracted,
      mergedInto,
      startedAt,
      endedAt,
      eventCount,
      decidedAt,
    });
    // Debug visits take revisions, and are not sent unless asked.
    if (!visit.debug || this.rules.outputDebug) {
      this.emissions.push({ kind: 'output', sequence: this.emissions.length, message });
    }
  }
}

/** The right answer for a whole log. */
export function reference<Raw>(rules: Rules, source: Source, log: readonly Step<Raw>[]): Answer<Raw> {
  const fold = new Reference<Raw>(rules, source);
  for (const step of log) fold.step(step);
  return fold.answer();
}
