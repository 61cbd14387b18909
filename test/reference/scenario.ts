/** Reads scenario files (see the README beside them) and holds an answer against what they expect. */

import { readFileSync } from 'node:fs';
import { visitId } from '../../src/core/ids.ts';
import { isRefusal, type LogRecord } from '../../src/core/rules/event.ts';
import { DEFAULT_RULES, type Rules } from '../../src/core/rules/rules.ts';
import type { VisitEnded } from '../../src/core/rules/visit-ended.ts';
import { decode, type PlainEvent } from './decode.ts';
import type { ProfileView } from './profiles.ts';
import type { EventOutcome, Source, Step } from './reference.ts';
import type { VisitView } from './visits.ts';
import { NAMED } from './visits.ts';

export interface ScenarioConfig {
  readonly gap_ms?: number;
  readonly out_of_orderness_ms?: number;
  readonly arrival_grace_ms?: number;
  readonly allowed_lateness_ms?: number;
  readonly max_duration_ms?: number;
  readonly max_events?: number;
  readonly max_age_ms?: number;
  readonly future_tolerance_ms?: number;
  readonly debug_session_ids?: readonly string[];
  readonly ending_types?: readonly string[];
}

type Plain = Readonly<Record<string, unknown>>;

export interface Expectation {
  readonly visits?: readonly Plain[];
  readonly published?: readonly Plain[];
  readonly profiles?: readonly Plain[];
  readonly late?: readonly string[];
  readonly dead?: readonly (readonly [string | null, string])[];
  readonly duplicates?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly config: ScenarioConfig;
  readonly log: readonly (
    | { readonly arrives: number; readonly stamped?: boolean; readonly event: PlainEvent | null }
    | { readonly now: number }
  )[];
  readonly expect: Expectation;
}

/** The results of a fold, any fold. */
export interface Said {
  readonly visits: readonly VisitView[];
  readonly published: readonly VisitEnded[];
  readonly profiles: readonly ProfileView[];
  readonly outcomes: readonly EventOutcome[];
}

export const SCENARIO_SOURCE: Source = { topic: 'tracks', partition: 0 };

export function readScenario(file: string): Scenario {
  return JSON.parse(readFileSync(file, 'utf8')) as Scenario;
}

export function rulesOf(config: ScenarioConfig): Rules {
  return {
    ...DEFAULT_RULES,
    gap: config.gap_ms ?? DEFAULT_RULES.gap,
    outOfOrderness: config.out_of_orderness_ms ?? DEFAULT_RULES.outOfOrderness,
    arrivalGrace: config.arrival_grace_ms ?? DEFAULT_RULES.arrivalGrace,
    allowedLateness: config.allowed_lateness_ms ?? DEFAULT_RULES.allowedLateness,
    maxDuration: config.max_duration_ms ?? DEFAULT_RULES.maxDuration,
    maxEvents: config.max_events ?? DEFAULT_RULES.maxEvents,
    maxAge: config.max_age_ms ?? DEFAULT_RULES.maxAge,
    futureTolerance: config.future_tolerance_ms ?? DEFAULT_RULES.futureTolerance,
    debugSessionIds: new Set(config.debug_session_ids ?? DEFAULT_RULES.debugSessionIds),
    endingTypes: new Set(config.ending_types ?? DEFAULT_RULES.endingTypes),
  };
}

/** Offsets count the records from 0. */
export function stepsOf(log: Scenario['log']): Step<string>[] {
  let offset = 0;
  return log.map((step) => {
    if ('now' in step) return step;
    const entries = [decode(step.event, step.arrives)];
    const record = { offset, timestamp: step.arrives, stamped: step.stamped, entries, raw: String(offset) };
    offset += 1;
    return { record };
  });
}

/** The results, in the form of `expect`. */
export function inScenarioForm(
  said: Said,
  steps: readonly Step<unknown>[],
  source: Source = SCENARIO_SOURCE,
): Required<Expectation> {
  const openers = openingEvents(said, steps, source);
  return {
    visits: said.visits.map((visit) => ({
      opened_by: openers.get(visit.id),
      session_id: visit.sessionId,
      profile_id: visit.profileId,
      debug: visit.debug,
      status: visit.ended ? 'ended' : 'open',
      reason: visit.reason,
      revision: visit.published === 0 ? null : visit.published - 1,
      started_at: visit.startedAt,
      ended_at: visit.lastEventAt,
      event_count: visit.eventCount,
      page_view_count: visit.pageViewCount,
      late_event_count: visit.lateEventCount,
      ...described(visit),
      context: Object.fromEntries(visit.context),
    })),
    published: said.published.map((message) => ({
      opened_by: openers.get(message.visitId),
      session_id: message.sessionId,
      profile_id: message.profileId,
      revision: message.revision,
      reason: message.reason,
      retracted: message.retracted,
      merged_into: message.mergedInto === null ? null : openers.get(message.mergedInto),
      started_at: message.startedAt,
      ended_at: message.endedAt,
      event_count: message.eventCount,
      page_view_count: message.pageViewCount,
      late_event_count: message.lateEventCount,
      ...described(message),
    })),
    profiles: said.profiles.map((profile) => ({
      profile_id: profile.profileId,
      visit_count: profile.visitCount,
      session_count: profile.sessionCount,
      event_count: profile.eventCount,
      page_view_count: profile.pageViewCount,
      total_duration_ms: profile.durationMs,
      first_seen_at: profile.firstSeenAt,
      last_seen_at: profile.lastSeenAt,
      traits: Object.fromEntries(profile.traits),
    })),
    late: eventIds(said, 'late'),
    dead: said.outcomes.flatMap(({ eventId, fate }) =>
      fate === 'undecodable' || fate === 'invalid' || fate === 'future' || fate === 'visit_full'
        ? [[eventId, fate] as const]
        : [],
    ),
    duplicates: eventIds(said, 'duplicate'),
  };
}

/** `actual` cut down to the keys that `expected` names, so that the two can be compared as they are. */
export function cutTo(expected: unknown, actual: unknown): unknown {
  if (Array.isArray(expected) && Array.isArray(actual)) return actual.map((each, i) => cutTo(expected[i], each));
  if (!isPlain(expected) || !isPlain(actual)) return actual;
  const keys = Object.keys(expected).filter((key) => key in actual);
  // A context and traits are values, compared whole.
  const whole = new Set(['context', 'traits']);
  return Object.fromEntries(keys.map((key) => [key, whole.has(key) ? actual[key] : cutTo(expected[key], actual[key])]));
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function eventIds(said: Said, fate: EventOutcome['fate']): string[] {
  return said.outcomes.flatMap((outcome) => (outcome.fate === fate ? [outcome.eventId!] : []));
}

function described(from: {
  readonly entryPage: string | null;
  readonly exitPage: string | null;
  readonly referrer: string | null;
  readonly utm: readonly (string | null)[] | null;
  readonly named: readonly (string | null)[];
}): Plain {
  const utm = ['source', 'medium', 'campaign', 'term', 'content'].map((key, i) => [
    `utm_${key}`,
    from.utm?.[i] ?? null,
  ]);
  return {
    entry_page: from.entryPage,
    exit_page: from.exitPage,
    referrer: from.referrer,
    ...Object.fromEntries(utm),
    ...Object.fromEntries(NAMED.map((name, i) => [name, from.named[i] ?? null])),
  };
}

/** Event ids by the id of the visit that they opened, merged-away ones included. */
function openingEvents(said: Said, steps: readonly Step<unknown>[], source: Source): Map<string, string> {
  const records = new Map<number, LogRecord<unknown>>();
  for (const step of steps) if ('record' in step) records.set(step.record.offset, step.record);
  const openers = new Map<string, string>();
  for (const { offset, index, fate } of said.outcomes) {
    const record = records.get(offset)!;
    const entry = record.entries[index]!;
    if (fate !== 'started' || isRefusal(entry)) continue;
    const { topic, partition } = source;
    openers.set(visitId(record.timestamp, entry.sessionId, topic, partition, offset, index), entry.eventId);
  }
  return openers;
}
