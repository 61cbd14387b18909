import { openedAt } from './ids.ts';
import { EventId } from './memory/event-ids.ts';
import type { Visit } from './memory/visit.ts';

const HOUR = 3_600_000;
const id = new EventId();

/**
 * How far back in order of opening the ended visits go that can still be amended, or have to be found for longer.
 *
 * Invariant: `since` is no later than the opening of any ended visit that the watermark has not passed. The store looks ended visits
 * up from there on only; were it too late, a resend would count twice. One entry an hour of ceasing to be amendable, so
 * it stays as small as the allowed lateness.
 */
export class AmendableVisits {
  private readonly hours: Map<number, number>;

  constructor(entries: readonly (readonly [hour: number, openedAt: number])[]) {
    this.hours = new Map(entries);
  }

  /** @param until once the watermark (ms) is past this, the visit is frozen, or need not be found by this. */
  add(visit: Visit, until: number): void {
    const hour = Math.floor(until / HOUR);
    const opened = openedAt(visit.readId(id));
    const now = this.hours.get(hour);
    if (now === undefined || opened < now) this.hours.set(hour, opened);
  }

  /** Earliest opening, in ms, of those that the watermark has not passed; Infinity if there are none. */
  since(watermark: number): number {
    let since = Number.POSITIVE_INFINITY;
    for (const [hour, opened] of this.hours) {
      if ((hour + 1) * HOUR <= watermark) this.hours.delete(hour);
      else if (opened < since) since = opened;
    }
    return since;
  }

  entries(): (readonly [number, number])[] {
    return [...this.hours].sort(([a], [b]) => a - b);
  }
}
