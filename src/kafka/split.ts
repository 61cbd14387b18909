import type { OutMessage } from '../processor/ports.ts';

/** Most bytes of one request, half of what brokers take by default; a record larger than this goes alone. */
const REQUEST_BYTES = 512 * 1024;
/** Most records of one request: KafkaJS sorts them by partition in quadratic time. */
const REQUEST_RECORDS = 1_000;
/** Of a record batch's header, 61 bytes, and some to spare. */
const BATCH_BYTES = 100;
/** Of one record: length, attributes, deltas of time and offset, lengths of key and value, number of headers. */
const RECORD_BYTES = 5 + 1 + 10 + 5 + 5 + 5 + 5;

/** Bytes a message takes in a record batch, at most. */
export function recordBytes({ key, value, headers }: Pick<OutMessage, 'key' | 'value' | 'headers'>): number {
  let bytes = RECORD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const [name, content] of headers) bytes += 10 + Buffer.byteLength(name) + content.length;
  return bytes;
}

/**
 * Messages in order, split into requests that the brokers take: KafkaJS makes one record batch of all that one request
 * holds for a partition, and a batch larger than its topic's `max.message.bytes` is refused. A message that is too
 * large by itself goes alone, for the broker to judge: the estimate here is from above.
 *
 * @param limit bytes of a record batch: the least of the topics' limits.
 */
export function split(messages: readonly OutMessage[], limit: number): OutMessage[][] {
  const most = Math.min(REQUEST_BYTES, limit);
  const requests: OutMessage[][] = [];
  let request: OutMessage[] = [];
  let bytes = BATCH_BYTES;
  for (const message of messages) {
    const size = recordBytes(message);
    if (request.length > 0 && (bytes + size > most || request.length === REQUEST_RECORDS)) {
      requests.push(request);
      request = [];
      bytes = BATCH_BYTES;
    }
    request.push(message);
    bytes += size;
  }
  if (request.length > 0) requests.push(request);
  return requests;
}
