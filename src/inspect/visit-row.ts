import type { Json } from '../core/rules/event.ts';
import type { EndReason, Seal } from '../core/rules/span.ts';
import type { Clocks } from './clocks.ts';
import { type Ask, ms, selectList } from './database.ts';
import { type ExpectedEnd, endingOf } from './ending.ts';
import type { StateRules } from './rules.ts';
import { type ShownValues, VALUE_COLUMNS } from './values.gen.ts';
import { isFinal, whyEnded, whyOpen } from './why.ts';

/** A visit as the view `visits` shows it, and what it waits for. Times and durations in ms; null: not there. */
export interface VisitSummary {
  readonly visitId: string;
  readonly sessionId: string;
  readonly profileId: string | null;
  readonly sourceId: string | null;
  readonly debug: boolean;
  readonly status: 'open' | 'ended';
  readonly endReason: EndReason | null;
  readonly revision: number | null;
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly endedAt: number | null;
  readonly durationMs: number;
  readonly eventCount: number;
  readonly pageViewCount: number;
  readonly lateEventCount: number;
  readonly entryPage: string | null;
  readonly exitPage: string | null;
  readonly openedPartition: number;
  readonly openedOffset: number;
  readonly updatedAt: number;
  /** When an ended visit's last revision was decided, by the arrival clock; null while it is open, or if another row has it. */
  readonly decidedAt: number | null;
  /** When and why an open visit ends. */
  readonly ending: ExpectedEnd | null;
  /** A late event can change an ended visit until the watermark is past this. */
  readonly amendableUntil: number | null;
  /** Whether nothing can change it any more. */
  readonly final: boolean;
  /** A sentence: why it ended or what it waits for. */
  readonly why: string;
}

/** All values of a visit. */
export interface FullVisit extends VisitSummary, ShownValues {
  readonly context: Json;
}

const SHOWN = selectList({
  visitId: 'v.visit_id',
  sessionId: 'v.session_id',
  profileId: 'v.profile_id',
  sourceId: 'v.source_id',
  debug: 'v.debug',
  status: 'v.status',
  endReason: 'v.end_reason',
  revision: 'v.revision',
  startedAt: 'v.started_at',
  lastEventAt: 'v.last_event_at',
  endedAt: 'v.ended_at',
  durationMs: ms('v.duration'),
  eventCount: 'v.event_count',
  pageViewCount: 'v.page_view_count',
  lateEventCount: 'v.late_event_count',
  entryPage: 'v.entry_page',
  exitPage: 'v.exit_page',
  openedPartition: 'v.opened_partition',
  openedOffset: 'v.opened_offset',
  updatedAt: 'v.updated_at',
});

const MORE = selectList({
  ...VALUE_COLUMNS,
  context: 'v.context',
});

/** Columns of the private tables: no view has when a visit ends, or until when it can change. */
const PRIVATE = selectList({
  lastArrival: 'p.last_arrival',
  published: 'p.published',
  seal: 'p.seal',
  saidReason: 'p.reason',
  amendableUntil: 'p.amendable_until',
  decidedAt: 'p.decided_at',
});

const SHARED = 'last_arrival, published, seal, reason, amendable_until';

/** OFFSET makes the planner probe the index for each visit. */
const FROM = `FROM visits v
  CROSS JOIN LATERAL (
    SELECT ${SHARED}, NULL::timestamptz AS decided_at FROM open_visit o WHERE o.visit_id = v.visit_id
    UNION ALL
    SELECT ${SHARED}, decided_at FROM ended_visit e WHERE e.visit_id = v.visit_id
    OFFSET 0
  ) p`;

/** @param rest conditions on the view's columns as `v.…`, order and limit; an index should serve them */
export const summarySelect = (rest: string): string => `SELECT ${SHOWN}, ${PRIVATE} ${FROM} ${rest}`;
export const fullSelect = (rest: string): string => `SELECT ${SHOWN}, ${MORE}, ${PRIVATE} ${FROM} ${rest}`;

type Reckoned = 'ending' | 'amendableUntil' | 'final' | 'why';

export type VisitColumns<V extends VisitSummary> = Omit<V, Reckoned> & {
  readonly lastArrival: number;
  readonly published: number;
  readonly seal: Seal | null;
  readonly saidReason: EndReason | null;
  readonly amendableUntil: number | null;
};

/** What the sentence about a visit depends on, besides the visit. */
export interface SummaryContext {
  readonly rules: StateRules;
  readonly clocks: ReadonlyMap<number, Clocks>;
  /** ms, by the caller's clock. */
  readonly now: number;
}

/** @param endedBy type of the event that ended it, where it was looked up */
export function visitOf<V extends VisitSummary>(
  row: VisitColumns<V>,
  context: SummaryContext,
  endedBy: string | null = null,
): V {
  const { lastArrival, published, seal, saidReason, amendableUntil, ...shown } = row;
  const { rules, now } = context;
  const clocks = context.clocks.get(row.openedPartition);
  if (row.status === 'open') {
    const ending = endingOf({ ...row }, clocks, rules, now);
    const open = { partition: row.openedPartition, ending, seal, revision: row.revision, saidReason };
    return { ...shown, ending, amendableUntil: null, final: false, why: whyOpen(open, rules, now) } as unknown as V;
  }
  const ended = {
    endedAt: row.lastEventAt,
    endReason: row.endReason!,
    revision: row.revision!,
    amendableUntil: amendableUntil!,
    endedBy,
  };
  const why = whyEnded(ended, clocks, rules, now);
  return { ...shown, ending: null, amendableUntil, final: isFinal(ended, clocks), why } as unknown as V;
}

/** The visits that a query of `summarySelect` gives. */
export async function summaries(
  ask: Ask,
  select: string,
  values: readonly unknown[],
  context: SummaryContext,
): Promise<VisitSummary[]> {
  const rows = await ask<VisitColumns<VisitSummary>>(select, values);
  return rows.map((row) => visitOf(row, context));
}
