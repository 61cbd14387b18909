import { duePoint, watermarkToPass } from '../core/rules/ending.ts';
import type { EndReason, Seal } from '../core/rules/span.ts';
import type { Clocks } from './clocks.ts';
import type { StateRules } from './rules.ts';

/** The part of a visit that decides when it ends and until when it can change. Times in ms since the epoch. */
export interface EndingInput {
  readonly startedAt: number;
  readonly lastEventAt: number;
  readonly lastArrival: number;
  readonly eventCount: number;
  /** How many times it was published. */
  readonly published: number;
  readonly seal: Seal | null;
}

/**
 * When an open visit ends. It ends once the arrival clock of its partition is past `dueAt`. Records move that clock; while
 * the partition is drained, the processor's clock less the margin stands in for the next record. Times in ms.
 */
export interface ExpectedEnd {
  /** The reason that it will end with, unless another event comes. */
  readonly reason: EndReason;
  /** The due point as the watermark is now. */
  readonly dueAt: number;
  /** The due point once the watermark is past `watermarkToPass`: its last arrival and the grace. Never after `dueAt`. */
  readonly soonestDueAt: number;
  readonly watermarkToPass: number;
  readonly watermarkPassed: boolean;
  /** When it ends by the processor's clock if no record comes to the partition; null: only a record can end it. */
  readonly endsAt: number | null;
  /**
   * Why it does not end when it should. `no_processor`: no processor has the partition. `behind`: the moment has passed, and
   * the log is folded only up to the arrival clock, or the processor waits for something: see `tidemark status`. `record`:
   * the clock ends no visits here, so that it waits for a record stamped after `dueAt`. null: nothing holds it back.
   */
  readonly hold: 'no_processor' | 'behind' | 'record' | null;
  readonly arrivalClock: number | null;
  readonly watermark: number | null;
  /** An event after this starts another visit, whatever the gap. */
  readonly longestUntil: number;
  /** Events from outside its span that it still takes; 0: it is sealed by the next. */
  readonly eventsLeft: number;
}

/** A commit, a tick and a look at the end of the log lie between the moment and its row in Postgres. */
const SLACK = 10_000;

/** @param now ms, by the caller's clock */
export function endingOf(visit: EndingInput, clocks: Clocks | undefined, rules: StateRules, now: number): ExpectedEnd {
  const { arrivalClock = null, watermark = null, owned = false } = clocks ?? {};
  const dueAt = duePoint(rules, visit, watermark);
  const toPass = watermarkToPass(rules, visit);
  // The clock has to be past the due point, by a millisecond at least.
  const endsAt = rules.clockMargin === null ? null : dueAt + rules.clockMargin + 1;
  return {
    reason: visit.seal ?? 'inactivity',
    dueAt,
    soonestDueAt: duePoint(rules, visit, Number.POSITIVE_INFINITY),
    watermarkToPass: toPass,
    watermarkPassed: watermark !== null && watermark > toPass,
    endsAt,
    hold: !owned ? 'no_processor' : endsAt === null ? 'record' : now > endsAt + SLACK ? 'behind' : null,
    arrivalClock,
    watermark,
    longestUntil: visit.startedAt + rules.maxDuration,
    eventsLeft: Math.max(0, rules.maxEvents - visit.eventCount),
  };
}
