// Written by `npm run values` from src/core/rules/values.ts and schemas/: change those.

import type { VisitEnded } from '../core/rules/visit-ended.ts';

/** A message as it is read back: with its name, and where in the input its visit began. */
export interface ReadVisitEnded extends VisitEnded {
  readonly type: string;
  readonly name: string;
  readonly durationMs: number;
  readonly topic: string;
  readonly partition: number;
}

/** @param fields of the record of `schemas/VisitEnded.avsc`. */
export function visitEndedOf(fields: { readonly [name: string]: never }): ReadVisitEnded {
  const opened = fields.opened_at_offset as unknown as { topic: string; partition: number; offset: number };
  return {
    eventId: fields.event_id!,
    type: fields.type!,
    name: fields.name!,
    visitId: fields.visit_id!,
    sessionId: fields.session_id!,
    profileId: fields.profile_id!,
    sourceId: fields.source_id!,
    revision: fields.revision!,
    reason: fields.reason!,
    retracted: fields.retracted!,
    mergedInto: fields.merged_into!,
    startedAt: fields.started_at!,
    endedAt: fields.ended_at!,
    decidedAt: fields.decided_at!,
    amendableUntil: fields.amendable_until!,
    durationMs: fields.duration_ms!,
    eventCount: fields.event_count!,
    pageViewCount: fields.page_view_count!,
    lateEventCount: fields.late_event_count!,
    eventTypes: fields.event_types!,
    entryPage: fields.entry_page!,
    exitPage: fields.exit_page!,
    referrer: fields.referrer!,
    utm: inOrder(fields.utm, ['source', 'medium', 'campaign', 'term', 'content']) as VisitEnded['utm'],
    debug: fields.debug!,
    openedOffset: opened.offset,
    topic: opened.topic,
    partition: opened.partition,
    named: [
      fields.device_type!,
      fields.device_brand!,
      fields.device_model!,
      fields.os!,
      fields.browser!,
      fields.country!,
      fields.region!,
      fields.city!,
      fields.language!,
    ],
  };
}

function inOrder<K extends string>(record: unknown, keys: readonly K[]): (string | null)[] | null {
  return record === null ? null : keys.map((key) => (record as { readonly [key in K]: string | null })[key]);
}
