import { NAMED } from '../core/rules/event.ts';
import type { EndReason } from '../core/rules/span.ts';
import type { VisitEnded } from '../core/rules/visit-ended.ts';
import { schemaIdOf } from './avro.ts';
import { compileReader } from './avro-reader.ts';
import { parseSchema } from './avro-type.ts';
import { Cursor, Unreadable } from './cursor.ts';
import { VISIT_ENDED_SCHEMA } from './schemas.ts';

const TYPE = parseSchema(VISIT_ENDED_SCHEMA, true);
const read = compileReader(TYPE, TYPE);

/** A message as it is read back: with its name, and where in the input its visit began. */
export interface ReadVisitEnded extends VisitEnded {
  readonly type: string;
  readonly name: string;
  readonly durationMs: number;
  readonly topic: string;
  readonly partition: number;
}

type Fields = { readonly [name: string]: never };

/** Reads what `VisitEndedWriter` wrote. @throws Unreadable where it is something else. */
export function decodeVisitEnded(value: Buffer): ReadVisitEnded {
  if (schemaIdOf(value) === null) throw new Unreadable('the value is not in the Confluent wire format');
  const cursor = new Cursor();
  cursor.open(value, 5, value.length);
  const fields = read(cursor) as Fields;
  if (cursor.pos !== value.length) throw new Unreadable(`${value.length - cursor.pos} bytes follow the last field`);
  const utm = fields.utm as unknown as { readonly [name: string]: string | null } | null;
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
    reason: fields.reason as unknown as EndReason,
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
    utm: utm && [utm.source!, utm.medium!, utm.campaign!, utm.term!, utm.content!],
    named: NAMED.map((name) => fields[name]!),
    debug: fields.debug!,
    openedOffset: opened.offset,
    topic: opened.topic,
    partition: opened.partition,
  };
}
