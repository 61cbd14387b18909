import type { RawRecord } from '../ports/record.ts';
import { RECEIVED_AT, receivedAt as receivedAtOf } from '../wire/headers.ts';
import { parseJson } from '../wire/json.ts';
import { putRecordBody, recordBodyRoom } from '../wire/record-body.ts';
import { decodeTracardi } from '../wire/tracardi.ts';
import { ownHeaders, type SetAsideRecord, type SourceRecord } from './record.ts';

/** Header of a record that is sent again: where the one that was set aside is in the input, and the event's index in it. */
export const RETRY_OF = 'tidemark-retry-of';

export interface InputTopic {
  readonly topic: string;
  readonly format: 'avro' | 'json' | 'tracardi';
  readonly partitions: number;
  /** `max.message.bytes`. */
  readonly maxBytes: number;
}

/** Most bytes that a record batch of one record takes beside key, value and headers. */
const FRAME = 100;

export interface Resendable {
  readonly partition: number;
  /** The record as it goes to the input. */
  readonly recordBody: Buffer;
}

/** A dead letter as it goes to the input again, or a sentence that explains why it cannot. */
export function resendable(record: SetAsideRecord, input: InputTopic): Resendable | { readonly refused: string } {
  const { source, raw } = record;
  if (source === null) return refused('its headers do not say where it came from: tidemark did not write it');
  if (source.topic !== input.topic)
    return refused(`it came from topic ${source.topic}, and input.topic is ${input.topic}`);
  if (source.partition >= input.partitions) {
    return refused(`it came from partition ${source.partition}, and ${input.topic} has ${input.partitions}`);
  }
  if (record.truncated) {
    const where = `partition ${source.partition}, offset ${source.offset}`;
    return refused(
      `its value did not fit into this topic: send the record at ${where} of ${source.topic} again yourself`,
    );
  }
  const value = input.format === 'tracardi' ? oneEvent(raw.value, source) : raw.value;
  const headers = [...ownHeaders(raw), receivedAt(record, source), retryOf(source)];
  const content = { key: raw.key, value, headers };
  const buf = Buffer.allocUnsafe(recordBodyRoom(content));
  const recordBody = buf.subarray(0, putRecordBody(buf, 0, content));
  if (recordBody.length + FRAME > input.maxBytes) {
    return refused(`with its headers it is larger than ${input.topic} takes (max.message.bytes ${input.maxBytes})`);
  }
  return { partition: source.partition, recordBody };
}

function refused(why: string): { readonly refused: string } {
  return { refused: why };
}

/** The header with the time at which the event first came, for `received_at`; one of an earlier pass or of the producer stands. */
function receivedAt({ raw }: SetAsideRecord, source: SourceRecord): RawRecord['headers'][number] {
  const before = receivedAtOf(raw.headers);
  const known = before !== null && !Number.isNaN(before);
  return [RECEIVED_AT, Buffer.from(String(known ? before : source.timestamp))];
}

function retryOf({ partition, offset, index }: SourceRecord): RawRecord['headers'][number] {
  return [RETRY_OF, Buffer.from(`${partition}:${offset}:${index}`)];
}

/**
 * The one event that was set aside of a payload with several. The others were folded, or were set aside themselves: if they
 * were sent again, those without an id would get another one, and count twice.
 */
function oneEvent(value: Buffer | null, source: SourceRecord): Buffer | null {
  const parsed = parseJson(value);
  if ('refused' in parsed) return value;
  const entries = decodeTracardi(parsed.json, source);
  const { events, ...payload } = parsed.json as { readonly events?: readonly unknown[] };
  // The payload was refused as a whole: none of its events was folded.
  if (events === undefined || entries.length < 2) return value;
  return Buffer.from(JSON.stringify({ ...payload, events: [events[source.index]] }));
}
