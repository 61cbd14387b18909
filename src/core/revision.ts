import { revisionId } from './ids.ts';
import { EventId } from './memory/event-ids.ts';
import type { TypeCounts } from './memory/type-counts.ts';
import type { Visit } from './memory/visit.ts';
import { compareUtf8 } from './rules/order.ts';
import type { EndReason } from './rules/span.ts';
import type { VisitEnded } from './rules/visit-ended.ts';

const MOST_TYPES = 100;
const id = new EventId();

/** What is said of a visit when it is published: a copy, for the visit may change before it is sent. */
export function revisionOf(
  visit: Visit,
  said: {
    readonly reason: EndReason;
    readonly decidedAt: number;
    readonly amendableUntil: number;
    readonly mergedInto: string | null;
  },
): VisitEnded {
  return {
    eventId: revisionId(visit.readId(id), visit.published),
    visitId: visit.id,
    sessionId: visit.sessionId,
    profileId: visit.profileId,
    sourceId: visit.sourceId,
    revision: visit.published,
    reason: said.reason,
    retracted: said.mergedInto !== null,
    mergedInto: said.mergedInto,
    startedAt: visit.startedAt,
    endedAt: visit.lastEventAt,
    decidedAt: said.decidedAt,
    amendableUntil: said.amendableUntil,
    eventCount: visit.eventCount,
    pageViewCount: visit.pageViewCount,
    lateEventCount: visit.lateEventCount,
    eventTypes: mostFrequent(visit.types),
    entryPage: visit.entryPage,
    exitPage: visit.exitPage,
    referrer: visit.referrer,
    utm: visit.utm,
    // Its own array changes with it.
    named: visit.namedStamps === null ? visit.named : [...visit.named],
    debug: visit.debug,
    openedOffset: visit.openedOffset,
  };
}

/** The 100 most frequent types and the rest under `*`, by type. Of two as frequent the lower in UTF-8 bytes stays. */
export function mostFrequent(types: TypeCounts): [string, number][] {
  const all = types.all();
  if (all.length <= MOST_TYPES) return byType(all);
  all.sort(([a, m], [b, n]) => n - m || compareUtf8(a, b));
  const rest = all.slice(MOST_TYPES).reduce((sum, [, count]) => sum + count, 0);
  const counts = new Map(all.slice(0, MOST_TYPES));
  counts.set('*', (counts.get('*') ?? 0) + rest);
  return byType([...counts]);
}

/** Types up to which they are put in order one by one: `sort` makes copies first. */
const FEW = 16;

function byType(counts: [string, number][]): [string, number][] {
  if (counts.length > FEW) return counts.sort(([a], [b]) => compareUtf8(a, b));
  for (let i = 1; i < counts.length; i++) {
    const each = counts[i]!;
    let to = i;
    for (; to > 0 && compareUtf8(each[0], counts[to - 1]![0]) < 0; to--) counts[to] = counts[to - 1]!;
    counts[to] = each;
  }
  return counts;
}
