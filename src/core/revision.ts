import { revisionId } from './ids.ts';
import { PackedId } from './memory/event-ids.ts';
import { visitEndedFrom } from './memory/message.gen.ts';
import type { TypeCounts } from './memory/type-counts.ts';
import type { Visit } from './memory/visit.ts';
import { compareUtf8 } from './rules/order.ts';
import type { EndReason } from './rules/span.ts';
import type { VisitEnded } from './rules/visit-ended.ts';

const MOST_TYPES = 100;
const id = new PackedId();

/** The message of a visit that is published: a copy, for the visit may change before it is sent. */
export function revisionOf(
  visit: Visit,
  end: {
    readonly reason: EndReason;
    readonly decidedAt: number;
    readonly amendableUntil: number;
    readonly mergedInto: string | null;
  },
): VisitEnded {
  const { reason, decidedAt, amendableUntil, mergedInto } = end;
  const eventId = revisionId(visit.readId(id), visit.published);
  return visitEndedFrom(visit, {
    eventId,
    reason,
    mergedInto,
    decidedAt,
    amendableUntil,
    eventTypes: mostFrequent(visit.types),
  });
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

/** Up to this many types an insertion sort is used: `sort` makes copies first. */
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
