import type { HistoryReach } from './history.ts';
import { openedAt } from './ids.ts';
import { PackedId } from './memory/event-ids.ts';
import type { Visit } from './memory/visit.ts';
import type { Rules } from './rules/rules.ts';

const HOUR = 3_600_000;
const id = new PackedId();

/**
 * How far back in order of opening the ended visits go that can still be amended, or have to be found for longer.
 *
 * Invariant: `earliestOpening` is no later than the opening of any ended visit that the watermark has not passed. The store
 * looks ended visits up from there on only; were it too late, a resend would count twice. One entry an hour of ceasing to
 * be amendable, so it stays as small as the allowed lateness.
 */
export class AmendableVisits {
  private readonly rules: Rules;
  private readonly hours: Map<number, number>;

  constructor(rules: Rules, entries: readonly (readonly [hour: number, openedAt: number])[]) {
    this.rules = rules;
    this.hours = new Map(entries);
  }

  /** @param until once the watermark (ms) is past this, the visit is frozen. */
  add(visit: Visit, until: number): void {
    const opened = openedAt(visit.readId(id));
    const hour = Math.floor(this.soughtUntil(visit, opened, until) / HOUR);
    const now = this.hours.get(hour);
    if (now === undefined || opened < now) this.hours.set(hour, opened);
  }

  forgetFrozen(watermark: number): void {
    for (const hour of this.hours.keys()) if (isPassed(hour, watermark)) this.hours.delete(hour);
  }

  /** Earliest opening, in ms, of those that the watermark has not passed; Infinity if there are none. */
  earliestOpening(watermark: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const [hour, opened] of this.hours) if (opened < earliest && !isPassed(hour, watermark)) earliest = opened;
    return earliest;
  }

  /** Which ended visits an event may still touch. Before there is a watermark, all of them. */
  reach(currentWatermark: number | null): HistoryReach {
    const watermark = currentWatermark ?? Number.NEGATIVE_INFINITY;
    const { maxAge, gap } = this.rules;
    const endedSince = watermark - maxAge - gap;
    const openedSince = Math.min(endedSince - this.longestLead, this.earliestOpening(watermark));
    return { openedSince, endedSince, watermark };
  }

  entries(): (readonly [number, number])[] {
    return [...this.hours].sort(([a], [b]) => a - b);
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
  private soughtUntil({ lastEventAt }: Visit, opened: number, until: number): number {
    if (opened >= lastEventAt - this.longestLead) return until;
    return Math.max(until, lastEventAt + this.rules.maxAge + this.rules.gap);
  }
}

function isPassed(hour: number, watermark: number): boolean {
  return (hour + 1) * HOUR <= watermark;
}
