/** What an accepted event does to its visit: steps 4 to 6 of "One record, step by step" in docs/SEMANTICS.md. */
import type { TrackEvent } from './event.ts';
import type { Rules } from './rules.ts';
import type { Span } from './span.ts';

/** Where in the log a visit was opened. */
export interface Opening {
  /** Offset of the record that opened it. */
  readonly openedOffset: number;
  /** Index of the event within that record. */
  readonly openedIndex: number;
}

/** Step 4: in a merge the visit that was opened first in the log survives. */
export function openedBefore(a: Opening, b: Opening): boolean {
  return a.openedOffset < b.openedOffset || (a.openedOffset === b.openedOffset && a.openedIndex < b.openedIndex);
}

/**
 * Step 5: whether an event that joins the visit amends it, and so counts as late: the visit has ended, or was published
 * before and the event lies behind the watermark.
 */
export function amends(visit: Pick<Span, 'ended' | 'published'>, t: number, watermark: number | null): boolean {
  return visit.ended || (visit.published > 0 && watermark !== null && t < watermark);
}

/** Step 6: whether an event seals its visit, which has it already: it is of an ending type, and none is later. */
export function seals(
  rules: Rules,
  visit: Pick<Span, 'seal' | 'lastEventAt'>,
  event: Pick<TrackEvent, 't' | 'type'>,
): boolean {
  return visit.seal === null && event.t === visit.lastEventAt && rules.endingTypes.has(event.type);
}
