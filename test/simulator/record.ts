/** Records as the topic holds them, and what decoders make of them. */
import type { Entry } from '../../src/core/rules/event.ts';
import type { RawRecord } from '../../src/ports/record.ts';
import { decode, type PlainEvent } from '../reference/decode.ts';
import type { PlannedRecord } from './plan.ts';

type Content = Pick<PlannedRecord, 'offset' | 'timestamp' | 'stamped' | 'events'>;

export function recordOf({ offset, timestamp, stamped, events }: Content): RawRecord {
  const value = Buffer.from(JSON.stringify(events));
  const key = Buffer.from(events[0]?.session_id ?? '');
  return { offset, timestamp, stamped, key, value, headers: [] };
}

export function entriesOf({ value, timestamp }: RawRecord): readonly Entry[] {
  const events = JSON.parse(value!.toString()) as (PlainEvent | null)[];
  return events.map((event) => decode(event, timestamp));
}
