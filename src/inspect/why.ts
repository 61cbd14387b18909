import type { EndReason, Seal } from '../core/rules/span.ts';
import type { Clocks } from './clocks.ts';
import type { ExpectedEnd } from './ending.ts';
import type { StateRules } from './rules.ts';
import { counted, span, timeText } from './words.ts';

/** Sentences about why a visit ended or what it waits for, without a full stop; `now` in ms decides which day is today. */

export interface EndedVisit {
  readonly endedAt: number;
  readonly endReason: EndReason;
  readonly revision: number;
  /** The visit can change until the watermark is past this, ms. */
  readonly amendableUntil: number;
  /** Type of the event that ended it; null: no event did, or it is not known. */
  readonly endedBy: string | null;
}

/** Whether the watermark is past the time until which the visit can be amended. */
export function isFinal({ amendableUntil }: Pick<EndedVisit, 'amendableUntil'>, clocks: Clocks | undefined): boolean {
  return clocks?.watermark != null && clocks.watermark > amendableUntil;
}

export function whyEnded(visit: EndedVisit, clocks: Clocks | undefined, rules: StateRules, now: number): string {
  return `ended at ${timeText(visit.endedAt, now)}: ${because(visit, rules)}; ${change(visit, clocks, now)}`;
}

function because({ endReason, endedBy }: EndedVisit, rules: StateRules): string {
  switch (endReason) {
    case 'inactivity':
      return `${span(rules.gap)} without an event`;
    case 'explicit':
      return endedBy === null ? 'by an event of an ending type' : `by its event ${endedBy}`;
    case 'max_duration':
      return `with the event after it, it would have been longer than ${span(rules.maxDuration)}`;
    case 'max_events':
      return `it held ${counted(rules.maxEvents, 'event')}, the most that a visit may have`;
  }
}

function change(visit: EndedVisit, clocks: Clocks | undefined, now: number): string {
  const until = timeText(visit.amendableUntil, now);
  if (isFinal(visit, clocks)) return `it can change no more: the watermark is past ${until}`;
  return `a late event can change it until the watermark is past ${until}`;
}

export interface OpenVisit {
  readonly partition: number;
  readonly ending: ExpectedEnd;
  readonly seal: Seal | null;
  /** Its last revision, and the reason in it; null: it was never published. */
  readonly revision: number | null;
  readonly saidReason: EndReason | null;
}

export function whyOpen(visit: OpenVisit, rules: StateRules, now: number): string {
  const { revision, saidReason } = visit;
  const open =
    revision === null ? 'open' : `open again since revision ${revision}, which said ${saidReason}: a late event came`;
  return `${open}; ${sealed(visit, rules)}${ends(visit, now)}`;
}

function sealed({ seal }: OpenVisit, rules: StateRules): string {
  switch (seal) {
    case null:
      return '';
    case 'explicit':
      return 'an event of an ending type closed it; ';
    case 'max_duration':
      return `sealed: no visit may be longer than ${span(rules.maxDuration)}; `;
    case 'max_events':
      return `sealed: no visit may have more than ${counted(rules.maxEvents, 'event')}; `;
  }
}

function ends({ partition, ending }: OpenVisit, now: number): string {
  const { dueAt, soonestDueAt, endsAt, watermarkPassed, watermarkToPass } = ending;
  switch (ending.hold) {
    case 'no_processor':
      return `it cannot end: no processor holds partition ${partition}. It is due at ${timeText(dueAt, now)}`;
    case 'behind':
      return `due since ${timeText(dueAt, now)}: partition ${partition} is folded up to ${clock(ending.arrivalClock, now)}`;
    case 'record':
      return `ends with the first record of partition ${partition} stamped after ${timeText(dueAt, now)}${sooner()}`;
    case null:
      if (now >= endsAt!) return `ends any moment: it was due at ${timeText(dueAt, now)}`;
      return `ends at ${timeText(endsAt!, now)} if nothing comes${sooner()}`;
  }

  /** How other traffic can make it end sooner. */
  function sooner(): string {
    if (watermarkPassed || soonestDueAt >= dueAt) return '';
    const floor = soonestDueAt > watermarkToPass ? `, after ${timeText(soonestDueAt, now)}` : '';
    const watermark = clock(ending.watermark, now);
    return `, or before, once other events move the watermark past ${timeText(watermarkToPass, now)}${floor} (it is at ${watermark})`;
  }
}

function clock(ms: number | null, now: number): string {
  return ms === null ? 'nothing yet' : timeText(ms, now);
}

/** @param decidedAt ms; null: it was never published, so no message retracted it */
export function whyMerged(survivor: string, decidedAt: number | null, now: number): string {
  if (decidedAt === null) return `merged into ${survivor} by an event between the two, before it was ever published`;
  return `merged into ${survivor} by a late event, at ${timeText(decidedAt, now)} by the arrival clock; its last revision takes it back`;
}
